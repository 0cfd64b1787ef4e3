// Shows the picture of the edition that is chosen, if it has one of its own.
for (const form of document.querySelectorAll("[data-editions]")) {
  form.addEventListener("change", (event) => {
    const picture = document.getElementById(event.target.dataset.picture ?? "");
    picture?.scrollIntoView({ block: "nearest", inline: "start" });
  });
}
