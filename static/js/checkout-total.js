// Keeps the sum and the button of the checkout in step with the chosen way of shipping. All amounts come from the page.
const form = document.querySelector("[data-checkout]");

function show() {
  const chosen = form.querySelector("[name=shipping_rate]:checked");
  const total = form.querySelector("[data-total]");
  if (chosen) {
    form.querySelector("[data-shipping-name]").textContent = chosen.dataset.name;
    form.querySelector("[data-shipping-price]").textContent = chosen.dataset.price;
    total.textContent = chosen.dataset.withGoods;
  }
  const button = form.querySelector("[data-pay]");
  button.textContent = button.dataset.pay.replace("{amount}", total.textContent);
}

if (form) {
  show();
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show); // going back, a browser restores the choice after this script has run
}
