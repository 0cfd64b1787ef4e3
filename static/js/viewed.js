// Remembers which products this browser looked at, here and nowhere else, and shows those of before.
//
// <section data-viewed="17" data-address="/viewed/" hidden><h2>…</h2><div></div></section>
// `data-viewed` is the product of this page. The section shows itself when there is something to show.

const KEY = "viewed";
const MOST = 12;
const SHOWN = 4;

function remembered() {
  try {
    const ids = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(ids) ? ids.filter(Number.isSafeInteger) : [];
  } catch {
    return []; // the visitor keeps no such things, or somebody else wrote here
  }
}

function remember(ids) {
  try {
    localStorage.setItem(KEY, JSON.stringify(ids.slice(0, MOST)));
  } catch {
    // full, or forbidden: then nothing is remembered
  }
}

async function show(section, ids) {
  const answer = await fetch(`${section.dataset.address}?ids=${ids.join(",")}`).catch(() => null);
  const cards = answer?.ok ? (await answer.text()).trim() : "";
  if (cards) {
    section.querySelector("div").innerHTML = cards;
    section.hidden = false;
  }
}

for (const section of document.querySelectorAll("[data-viewed]")) {
  const here = Number(section.dataset.viewed);
  const before = remembered().filter((id) => id !== here);
  remember([here, ...before]);
  if (before.length > 0) {
    show(section, before.slice(0, SHOWN));
  }
}
