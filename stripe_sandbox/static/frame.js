// A page of the stand-in in a frame of a shop's page: speaks with the stand-in's Stripe.js through the port that this hands in.
// <… data-tell='{"event": "complete", …}'> is told as soon as somebody listens.

let port = null;
const waiting = [];
const answers = new Map();

export function tell(message) {
  port ? port.postMessage(message) : waiting.push(message);
}

// answer("submit", async (given) => result): what Stripe.js may ask for.
export function answer(what, work) {
  answers.set(what, work);
}

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data?.hello !== "stripe-stand-in" || !event.ports[0]) {
    return;
  }
  port = event.ports[0];
  port.onmessage = async ({ data: { call, what, given } }) => tell({ answer: call, result: await answers.get(what)?.(given) });
  waiting.splice(0).forEach(tell);
  resize();
});

// A dialog around this frame hears no key that is pressed in here.
window.addEventListener("keydown", (event) => event.key === "Escape" && tell({ event: "escape" }));

function resize() {
  tell({ event: "resize", height: Math.ceil(document.body.getBoundingClientRect().height) });
}

new ResizeObserver(() => port && resize()).observe(document.body);
const told = document.querySelector("[data-tell]")?.dataset.tell;
if (told) {
  tell(JSON.parse(told));
}
