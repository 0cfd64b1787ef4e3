// Steps through the pictures of a product by arrow keys, Home and End, and marks the small one of the picture in view.

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

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
  const seen = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => mark(entry.target)),
    { root: list, threshold: 0.6 },
  );
  pictures.forEach((picture) => seen.observe(picture));
}

document.querySelectorAll("[data-gallery]").forEach(gallery);
