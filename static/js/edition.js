// Lets the page follow the edition that is chosen: its name, price and stock beside the button, its picture, its address.
//
// <form data-editions> has a radio button for each edition in a <label class="edition" data-name>, and <output data-chosen>.

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
  }
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
