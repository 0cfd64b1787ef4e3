// Waits for an order: asks its state, more and more slowly, says what changed and loads the page again.
//
// <p data-order-status="/orders/N/status/?key=K" data-status="pending" role="status">Awaiting payment</p>
// `data-status` is the state the page shows. Nothing is asked once the order is final.

const FIRST_PAUSE = 1500; // milliseconds
const LONGEST_PAUSE = 20000;
const GIVE_UP_AFTER = 30 * 60 * 1000;

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const visible = () =>
  document.hidden
    ? new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }))
    : Promise.resolve();

async function ask(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // offline for a moment: ask again later
  }
}

async function follow(element) {
  const until = Date.now() + GIVE_UP_AFTER;
  for (let pause = FIRST_PAUSE; Date.now() < until; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    await wait(pause);
    await visible();
    const order = await ask(element.dataset.orderStatus);
    if (order && order.status !== element.dataset.status) {
      element.textContent = order.label;
      await wait(1000); // long enough to be read out before the page changes
      window.location.reload();
      return;
    }
    if (order?.final) {
      return;
    }
  }
}

document.querySelectorAll("[data-order-status]").forEach(follow);
