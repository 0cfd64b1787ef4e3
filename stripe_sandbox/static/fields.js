// The fields of the Payment Element. What is typed goes from here to the stand-in; the shop's page never sees it.

import { answer, tell } from "./frame.js";

const form = document.querySelector("[data-fields]");
const status = document.querySelector("[data-status]");

function method() {
  return form.elements.method.value;
}

function shown() {
  return [...form.querySelectorAll("input:not([type=radio])")].filter((input) => input.checkVisibility());
}

function changed() {
  const values = shown().map((input) => input.value.trim());
  const detail = { value: { type: method() }, empty: !values.some(Boolean), complete: values.every(Boolean) };
  tell({ event: "change", detail });
}

async function ask(action) {
  const body = new URLSearchParams(new FormData(form));
  body.set("action", action);
  return (await fetch("/c/fields", { method: "POST", body })).json();
}

// Errors beside their fields, as the server writes them on the payment page.
function mark(errors) {
  form.querySelectorAll(".error").forEach((one) => one.remove());
  for (const input of form.querySelectorAll("input:not([type=radio])")) {
    const words = errors[input.name];
    input.parentElement.classList.toggle("wrong", Boolean(words));
    words ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    if (words) {
      const note = Object.assign(document.createElement("p"), { className: "error", id: `${input.name}-error`, textContent: words });
      input.setAttribute("aria-describedby", note.id);
      input.after(note);
    }
  }
  form.querySelector("[aria-invalid]")?.focus();
}

function flat(values, name, into) {
  for (const [key, value] of Object.entries(values ?? {})) {
    if (value && typeof value === "object") {
      flat(value, name ? `${name}[${key}]` : key, into);
    } else if (value !== null && value !== undefined && value !== "") {
      into.append(name ? `${name}[${key}]` : key, value);
    }
  }
  return into;
}

function typed(given) {
  const { number, expiry, cvc, card_name: cardName, iban, account_name: accountName } = form.elements;
  const details = given?.billing_details ?? {};
  if (method() === "sepa_debit") {
    return { ...given, type: "sepa_debit", sepa_debit: { iban: iban.value }, billing_details: { name: accountName.value, ...details } };
  }
  const [month, year] = expiry.value.split("/").map(Number);
  const card = { number: number.value.replace(/[\s-]/g, ""), exp_month: month, exp_year: year, cvc: cvc.value };
  return { ...given, type: "card", card, billing_details: { name: cardName.value, ...details } };
}

answer("submit", async () => {
  try {
    const { errors, error } = await ask("check");
    mark(errors);
    return error ? { error } : { selectedPaymentMethod: method() };
  } catch {
    return { error: { type: "api_connection_error", message: "The payment form cannot be reached. Please try again." } };
  }
});

answer("confirm", async ({ key, id, secret, params }) => {
  const { payment_method_data: given, ...rest } = params;
  const body = flat({ ...rest, payment_method_data: typed(given), client_secret: secret, use_stripe_sdk: "true" }, "", new URLSearchParams());
  try {
    const reply = await fetch(`/v1/payment_intents/${id}/confirm`, { method: "POST", body, headers: { Authorization: `Bearer ${key}` } });
    return { body: await reply.json() };
  } catch {
    return { unreachable: true };
  }
});

answer("focus", () => form.querySelector("input:not([type=radio])").focus());
answer("clear", () => form.reset());

form.addEventListener("input", changed);
form.addEventListener("submit", async (event) => {
  event.preventDefault(); // a test card was chosen; Enter in a field is none
  if (event.submitter?.value.startsWith("fill:")) {
    const { values } = await ask(event.submitter.value);
    form.querySelector(`#method-${values.method === "card" ? "card" : "sepa"}`).checked = true;
    for (const [name, value] of Object.entries(values)) {
      form.elements[name].value = value;
    }
    mark({});
    status.textContent = "The form is filled in.";
    changed();
  }
});
tell({ event: "ready" });
