// Django's search among many choices (select2) shows a field without a name: say the label's words for those who cannot see it.
const labelOf = (id) => document.querySelector(`label[for="${CSS.escape(id)}"]`);
const wordsOf = (label) => label.textContent.replace(/:\s*$/, "").trim();

function nameParts(container) {
  const select = container.previousElementSibling;
  const options = container.querySelector(".select2-results__options"); // of an open list, which hangs below the page's end
  const id = select?.matches("select") ? select.id : options?.id.replace(/^select2-|-results$/g, "");
  const label = id && labelOf(id);
  if (!label) return;
  container.querySelector(".select2-search__field")?.setAttribute("aria-label", wordsOf(label));
  options?.setAttribute("aria-label", wordsOf(label));
  const single = container.querySelector(".select2-selection--single");
  if (single) {
    label.id ||= `${id}_label`;
    single.setAttribute("aria-labelledby", `${label.id} select2-${id}-container`);
  }
}

new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.matches?.(".select2-container")) nameParts(node);
  }
}).observe(document.body, { childList: true, subtree: true });
document.querySelectorAll(".select2-container").forEach(nameParts);
