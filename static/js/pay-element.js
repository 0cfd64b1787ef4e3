// Pays with Stripe's fields in our form (docs.stripe.com/payments/accept-a-payment-deferred). First the shop keeps who pays and
// makes the intent, then Stripe takes the money and leads to the return page.
//
// <form data-stripe-fields='{"key": "pk_...", "amount": 4900, "currency": "eur", "start": "/checkout/pay/N/start/"}'>
//   <div data-fields></div> <p data-problem hidden tabindex="-1"></p> <button data-pay disabled>
// </form>   <p data-trouble hidden>what to do instead</p>

const form = document.querySelector("[data-stripe-fields]");
const button = form.querySelector("[data-pay]");
const problem = form.querySelector("[data-problem]");
const { key, amount, currency, start } = JSON.parse(form.dataset.stripeFields);

function busy(is) {
  button.disabled = is;
  form.setAttribute("aria-busy", String(is));
}

function tell(text) {
  problem.textContent = text;
  problem.hidden = !text;
  if (text) {
    problem.focus();
  }
}

// Errors beside their fields, as the server writes them: a list before the field, named by its aria-describedby.
function mark(errors) {
  form.querySelectorAll(".errorlist").forEach((list) => list.remove());
  for (const field of form.elements) {
    const words = errors[field.name];
    field.removeAttribute("aria-invalid");
    if (words) {
      const list = document.createElement("ul");
      list.className = "errorlist";
      list.id = `${field.id}_error`;
      list.append(Object.assign(document.createElement("li"), { textContent: words }));
      field.before(list);
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", list.id);
    }
  }
  form.querySelector("[aria-invalid]")?.focus();
}

async function ask() {
  const answer = await fetch(start, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
  return answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
}

async function pay(stripe, elements) {
  const checked = await elements.submit();
  if (checked.error) {
    return tell(checked.error.message);
  }
  const answer = await ask();
  if (answer.address) {
    window.location.assign(answer.address); // it was paid, or has ended: that page says so
    return;
  }
  mark(answer.errors ?? {});
  if (!answer.client_secret) {
    return answer.errors ? undefined : tell(answer.problem ?? form.dataset.failed);
  }
  const email = form.elements.email.value;
  const name = form.elements.recipient?.value;
  const { error } = await stripe.confirmPayment({
    elements,
    clientSecret: answer.client_secret,
    confirmParams: {
      return_url: answer.return_url,
      payment_method_data: { billing_details: name ? { email, name } : { email } },
    },
  });
  tell(error.message); // without an error the browser is on its way to the return page
}

function show() {
  const stripe = window.Stripe(key);
  const elements = stripe.elements({ mode: "payment", amount, currency });
  const fields = elements.create("payment");
  fields.on("ready", () => {
    form.querySelector("[data-fields]").removeAttribute("aria-busy");
    busy(false);
  });
  fields.on("loaderror", ({ error }) => giveUp(error));
  fields.mount(form.querySelector("[data-fields]"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    busy(true);
    tell("");
    try {
      await pay(stripe, elements);
    } catch (error) {
      console.warn("Paying failed:", error.message);
      tell(form.dataset.failed);
    }
    busy(false);
  });
}

function giveUp(error) {
  console.warn("Stripe's fields could not be shown:", error?.message);
  form.hidden = true;
  document.querySelector("[data-trouble]").hidden = false;
}

try {
  show();
} catch (error) {
  giveUp(error);
}
