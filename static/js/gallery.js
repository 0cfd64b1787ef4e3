// Steps through the pictures of a product by arrow keys, Home and End, and marks the small one of the picture in view.

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

function nearest(list, pictures) {
  const start = list.getBoundingClientRect().left;
  const distance = (picture) => Math.abs(picture.getBoundingClientRect().left - start);
  return pictures.reduce((best, picture) => (distance(picture) < distance(best) ? picture : best));
}

function gallery(list) {
  const pictures = [...list.children];
  const thumbs = new Map(pictures.map((picture) => [picture, document.querySelector(`.thumbs a[href="#${picture.id}"]`)]));
  let current = 0;

  const mark = (picture) => {
    current = pictures.indexOf(picture);
    thumbs.forEach((thumb, other) => thumb?.setAttribute("aria-current", String(other === picture)));
  };
  const go = (place) => {
    const picture = pictures[Math.min(Math.max(place, 0), pictures.length - 1)];
    picture.scrollIntoView({ block: "nearest", inline: "start" });
    mark(picture);
  };

  list.addEventListener("keydown", (event) => {
    const place = { Home: 0, End: pictures.length - 1 }[event.key] ?? current + (STEPS[event.key] ?? NaN);
    if (!Number.isNaN(place)) {
      event.preventDefault();
      go(place);
    }
  });
  thumbs.forEach((thumb, picture) =>
    thumb?.addEventListener("click", (event) => {
      event.preventDefault(); // the page stays where it is
      go(pictures.indexOf(picture));
    }),
  );
  // Not an IntersectionObserver: what it tells may be older than the last key, and the next step would start from there.
  list.addEventListener("scroll", () => mark(nearest(list, pictures)), { passive: true });
}

document.querySelectorAll("[data-gallery]").forEach(gallery);
