// Lets the page follow the edition that is chosen: its name, price and stock beside the button, its picture, its address.
// What is sold out can be looked at, not put in the cart.
//
// <form data-editions> has a radio button for each edition in a <label class="edition" data-name>, and <output data-chosen>.
// A radio button with data-gone is of one that is sold out; <button data-add data-gone> has its two texts there.

function words(label) {
  const name = document.createElement("span");
  name.textContent = label.dataset.name;
  const parts = [...label.querySelectorAll(".edition__price, .edition__note")].map((part) => part.cloneNode(true));
  return [name, ...parts].flatMap((part) => [part, " "]);
}

function tell(form) {
  const label = form.querySelector("[name=variant]:checked")?.closest("label");
  const output = form.querySelector("[data-chosen]");
  if (label && output) {
    output.replaceChildren(...words(label));
    output.hidden = false;
    offer(form.querySelector("[data-add]"), "gone" in label.control.dataset);
  }
}

function offer(button, gone) {
  button.disabled = gone;
  button.textContent = gone ? button.dataset.gone : button.dataset.add;
}

function follow(form) {
  tell(form);
  const chosen = form.querySelector("[name=variant]:checked");
  const here = new URL(window.location);
  here.searchParams.set("variant", chosen.value);
  here.hash = "";
  window.history.replaceState(window.history.state, "", here);
  document.getElementById(chosen.dataset.picture ?? "")?.scrollIntoView({ block: "nearest", inline: "start" });
}

for (const form of document.querySelectorAll("[data-editions]")) {
  form.addEventListener("change", (event) => event.target.name === "variant" && follow(form));
  window.addEventListener("pageshow", () => tell(form)); // coming back, a browser may have kept another choice
}
