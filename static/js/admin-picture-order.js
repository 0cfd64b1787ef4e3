// Puts the pictures of a product in order: by dragging a row at its handle, or by two buttons. Without it, numbers are typed.

const group = document.getElementById("images-group");

const positionIn = (row) => row.querySelector("input[data-drag]");
const rows = () => [...group.querySelectorAll("tr.form-row:not(.empty-form)")].filter(positionIn);

function number() {
  rows().forEach((row, place) => {
    // A row that is still empty stays so: it would be taken for a picture without a file.
    const fresh = !row.classList.contains("has_original") && !row.querySelector("input[type=file]")?.value;
    if (!fresh) positionIn(row).value = place;
  });
}

function move(row, step) {
  const all = rows();
  const other = all[all.indexOf(row) + step];
  if (!other) return;
  if (step < 0) other.before(row);
  else other.after(row);
  number();
}

function button(row, words, sign, step) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "picture-step";
  made.textContent = sign;
  made.title = words;
  made.setAttribute("aria-label", words);
  made.addEventListener("click", () => {
    move(row, step);
    made.focus(); // a row that moves loses it
  });
  return made;
}

function handle(row, words) {
  const made = document.createElement("span");
  made.className = "picture-handle";
  made.textContent = "⠿";
  made.title = words;
  made.draggable = true;
  made.setAttribute("aria-hidden", "true"); // the buttons do the same
  made.addEventListener("dragstart", (event) => {
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    event.dataTransfer.setDragImage(row, 0, 0);
    dragged = row;
  });
  made.addEventListener("dragend", () => {
    dragged = null;
    number();
  });
  return made;
}

let dragged = null;

function equip(row) {
  const position = positionIn(row);
  if (!position || row.querySelector(".picture-step")) return;
  const { earlier, later, drag } = position.dataset;
  position.after(handle(row, drag), button(row, earlier, "↑", -1), button(row, later, "↓", 1));
}

if (group) {
  rows().forEach(equip);
  document.addEventListener("formset:added", (event) => group.contains(event.target) && equip(event.target));
  group.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    const over = event.target.closest("tr.form-row:not(.empty-form)");
    if (!over || over === dragged || !positionIn(over)) return;
    const { top, height } = over.getBoundingClientRect();
    if (event.clientY < top + height / 2) over.before(dragged);
    else over.after(dragged);
  });
  group.addEventListener("drop", (event) => dragged && event.preventDefault());
}
