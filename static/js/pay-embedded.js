// Shows Stripe's page inside ours (docs.stripe.com/js/embedded_checkout). When it is paid, Stripe leads to the return page.
//
// <div data-stripe-page='{"key": "pk_...", "secret": "cs_..._secret_..."}'></div>   <p data-trouble hidden>what to do instead</p>

async function show(place) {
  const { key, secret } = JSON.parse(place.dataset.stripePage);
  const page = await window.Stripe(key).createEmbeddedCheckoutPage({ clientSecret: secret });
  page.mount(place);
  place.removeAttribute("aria-busy");
}

const place = document.querySelector("[data-stripe-page]");
show(place).catch((error) => {
  console.warn("Stripe's page could not be shown:", error.message);
  place.hidden = true;
  document.querySelector("[data-trouble]").hidden = false;
});
