// The stand-in's Stripe.js: the calls of https://js.stripe.com/endive/stripe.js that a shop with embedded pages or the Payment
// Element makes, for test keys only. Card numbers stay in frames of the stand-in. No real money moves.
(() => {
  "use strict";

  const ORIGIN = new URL(document.currentScript.src).origin;
  const FOREVER = new Promise(() => {}); // the browser is on its way to another page
  const UNREACHABLE = "We are experiencing issues connecting to our payments provider. Please check your internet connection and try again.";
  const NOT_YOURS = "We are unable to authenticate your payment method. Please choose a different payment method and try again.";

  const NOT_LOADED = { type: "api_error", message: "The payment form could not be loaded." };
  const SILENCE_MS = 3000; // a page of ours speaks at once; an error page never does

  class IntegrationError extends Error {
    name = "IntegrationError";
  }

  function need(good, message) {
    if (!good) {
      throw new IntegrationError(message);
    }
  }

  function placeOf(where) {
    const place = typeof where === "string" ? document.querySelector(where) : where;
    need(place instanceof Element, `The selector or element you passed to mount() is not in the page: ${where}`);
    return place;
  }

  // A frame of the stand-in. Each page it shows gets a port of its own, handed to the stand-in's origin and nobody else's.
  class Frame {
    constructor(path, title, hear) {
      this.hear = hear;
      this.calls = new Map();
      this.element = document.createElement("iframe");
      this.element.title = title;
      this.element.src = ORIGIN + path;
      Object.assign(this.element.style, { display: "block", width: "100%", height: "12rem", border: "0" });
      this.element.addEventListener("load", () => this.greet());
    }

    greet() {
      const { port1, port2 } = new MessageChannel();
      this.port = port1;
      port1.onmessage = ({ data }) => this.take(data);
      this.element.contentWindow?.postMessage({ hello: "stripe-stand-in" }, ORIGIN, [port2]);
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.port && this.hear({ event: "loaderror", detail: { error: NOT_LOADED } }), SILENCE_MS);
    }

    take(data) {
      clearTimeout(this.silence);
      if (data.event === "resize") {
        this.element.style.height = `${data.height}px`;
      } else if ("answer" in data) {
        this.calls.get(data.answer)?.(data.result);
        this.calls.delete(data.answer);
      } else {
        this.hear(data);
      }
    }

    ask(what, given = {}) {
      need(this.port && this.element.isConnected, "The Element is not mounted, or not ready yet.");
      const call = crypto.randomUUID?.() ?? String(Math.random());
      return new Promise((resolve) => {
        this.calls.set(call, resolve);
        this.port.postMessage({ call, what, given });
      });
    }

    remove() {
      clearTimeout(this.silence);
      this.element.remove();
      this.port = null;
    }
  }

  // ---- the embedded page

  let pageIsThere = false;

  class EmbeddedPage {
    constructor(secret, onComplete) {
      pageIsThere = true;
      this.frame = new Frame(`/c/embedded/${encodeURIComponent(secret)}`, "Secure payment page", (data) => {
        if (data.event === "complete" && data.address) {
          window.location.assign(data.address);
        } else if (data.event === "complete") {
          onComplete?.();
        }
      });
    }

    mount(where) {
      need(!this.destroyed, "This embedded page has been destroyed.");
      placeOf(where).replaceChildren(this.frame.element);
    }

    unmount() {
      this.frame.remove();
    }

    destroy() {
      this.unmount();
      pageIsThere = pageIsThere && Boolean(this.destroyed);
      this.destroyed = true;
    }
  }

  // ---- the Payment Element

  class PaymentElement {
    constructor(elements) {
      this.elements = elements;
      this.listeners = [];
      this.frame = new Frame("/c/fields", "Secure payment input frame", (data) => {
        elements.submitted = data.event === "change" ? false : elements.submitted;
        this.tell(data.event, { elementType: "payment", ...data.detail });
      });
    }

    tell(event, detail) {
      for (const listener of [...this.listeners]) {
        if (listener.event === event) {
          listener.handler(detail);
        }
      }
    }

    on(event, handler) {
      need(typeof handler === "function", `You have not passed a handler for the event "${event}".`);
      this.listeners.push({ event, handler });
      return this;
    }

    once(event, handler) {
      const only = (detail) => {
        this.off(event, only);
        handler(detail);
      };
      return this.on(event, only);
    }

    off(event, handler) {
      this.listeners = this.listeners.filter((one) => one.event !== event || (handler && one.handler !== handler));
      return this;
    }

    mount(where) {
      need(!this.destroyed, "This Element has already been destroyed. Please create a new one.");
      placeOf(where).replaceChildren(this.frame.element);
    }

    update() {}

    focus() {
      this.frame.ask("focus");
    }

    clear() {
      this.frame.ask("clear");
    }

    unmount() {
      this.frame.remove();
    }

    destroy() {
      this.unmount();
      this.destroyed = true;
      this.elements.payment = null;
    }
  }

  function checkDeferred({ amount, currency, mode }) {
    need(mode === "payment", `elements(): the stand-in plays mode "payment" only, not "${mode}".`);
    need(Number.isInteger(amount) && amount > 0, "elements(): amount must be a positive integer of the smallest currency unit.");
    need(/^[a-z]{3}$/.test(currency), "elements(): currency must be a three-letter code in lower case.");
  }

  class Elements {
    constructor(options) {
      need(!("paymentMethodTypes" in options), "elements(): paymentMethodTypes is no longer supported. Use allowedPaymentMethodTypes.");
      need(!(options.clientSecret && options.mode), "elements(): give a clientSecret or a mode, not both.");
      this.options = { ...options };
      if (options.clientSecret) {
        idOf(options.clientSecret);
      } else {
        checkDeferred(options);
      }
    }

    create(type, options = {}) {
      need(type === "payment", `The stand-in has no Element "${type}": it plays "payment".`);
      need(!this.payment, "Can only create one Element of type payment. Destroy the first one before you create another.");
      need(typeof options === "object", "create(): options must be an object.");
      this.payment = new PaymentElement(this);
      return this.payment;
    }

    getElement(type) {
      return type === "payment" ? (this.payment ?? null) : null;
    }

    async update(changes = {}) {
      if (!this.options.clientSecret) {
        checkDeferred({ ...this.options, ...changes });
      }
      Object.assign(this.options, changes);
    }

    async fetchUpdates() {
      return {};
    }

    async submit() {
      need(this.payment, "submit(): there is no Payment Element.");
      const checked = await this.payment.frame.ask("submit");
      this.submitted = !checked.error;
      return checked;
    }
  }

  // ---- the API

  function idOf(secret) {
    need(typeof secret === "string" && /^pi_\w+_secret_\w+$/.test(secret), "Invalid value for clientSecret: it should look like pi_..._secret_...");
    return secret.split("_secret_")[0];
  }

  function toError(told) {
    return { error: told };
  }

  async function retrieve(key, secret) {
    try {
      const address = `${ORIGIN}/v1/payment_intents/${idOf(secret)}?client_secret=${encodeURIComponent(secret)}`;
      const answer = await fetch(address, { headers: { Authorization: `Bearer ${key}` } });
      const body = await answer.json();
      return answer.ok ? { paymentIntent: body } : toError(body.error);
    } catch (problem) {
      if (problem instanceof IntegrationError) {
        throw problem;
      }
      return toError({ type: "api_connection_error", message: UNREACHABLE });
    }
  }

  // The bank's question in a dialog; closed without an answer, the payment waits for another try.
  function askBank(address) {
    return new Promise((resolve) => {
      const dialog = document.createElement("dialog");
      const frame = new Frame(new URL(address).pathname, "3-D Secure authentication", ({ event }) => dialog.close(event));
      Object.assign(dialog.style, { width: "min(32rem, 96vw)", padding: "0", border: "0" });
      dialog.setAttribute("aria-label", "3-D Secure authentication");
      dialog.addEventListener("close", () => {
        dialog.remove();
        resolve();
      });
      dialog.append(frame.element);
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  async function act(key, secret, intent) {
    const next = intent.next_action;
    if (intent.status !== "requires_action" || !next) {
      return { paymentIntent: intent };
    }
    await askBank(next.redirect_to_url?.url ?? next.use_stripe_sdk.stripe_js);
    const found = await retrieve(key, secret);
    if (found.error || !["requires_payment_method", "requires_action"].includes(found.paymentIntent.status)) {
      return found;
    }
    const told = found.paymentIntent.last_payment_error ?? { type: "card_error", code: "payment_intent_authentication_failure", message: NOT_YOURS };
    return toError({ ...told, payment_intent: found.paymentIntent });
  }

  function checkMatch({ amount, currency }, intent) {
    return amount === intent.amount && currency === intent.currency
      ? null
      : { type: "invalid_request_error", message: `The PaymentIntent's amount and currency (${intent.amount} ${intent.currency}) must match those of Elements (${amount} ${currency}).` };
  }

  async function confirm(key, { elements, clientSecret, confirmParams = {}, redirect = "always" }) {
    const secret = clientSecret ?? elements?.options.clientSecret;
    const deferred = elements && !elements.options.clientSecret;
    idOf(secret);
    need(elements?.payment, "confirmPayment(): the stand-in needs `elements` with a Payment Element.");
    need(confirmParams.return_url || redirect === "if_required", "confirmPayment(): confirmParams.return_url is needed.");
    need(!deferred || elements.submitted, "elements.submit() must be called before stripe.confirmPayment().");
    const before = await retrieve(key, secret);
    const wrong = before.error ?? (deferred ? checkMatch(elements.options, before.paymentIntent) : null);
    if (wrong) {
      return toError(wrong);
    }
    const checked = deferred ? {} : await elements.payment.frame.ask("submit");
    if (checked.error) {
      return checked;
    }
    elements.submitted = false;
    const { body, unreachable } = await elements.payment.frame.ask("confirm", { key, id: idOf(secret), secret, params: confirmParams });
    if (unreachable || body.error) {
      return toError(unreachable ? { type: "api_connection_error", message: UNREACHABLE } : body.error);
    }
    const done = await act(key, secret, body);
    if (done.error || redirect === "if_required") {
      return done;
    }
    const address = new URL(confirmParams.return_url);
    address.searchParams.set("payment_intent", done.paymentIntent.id);
    address.searchParams.set("payment_intent_client_secret", secret);
    address.searchParams.set("redirect_status", { succeeded: "succeeded", processing: "pending" }[done.paymentIntent.status] ?? "failed");
    window.location.assign(address);
    return FOREVER;
  }

  function gone(name, instead) {
    return () => need(false, `stripe.${name}() is no longer available. Use ${instead}.`);
  }

  function Stripe(key) {
    need(typeof key === "string" && key, "Missing value for Stripe(): apiKey should be a string.");
    need(!/^(sk|rk)_/.test(key), "You should not use your secret key with Stripe.js. Please pass a publishable key instead.");
    need(/^pk_test_\w+$/.test(key), "Stripe(): the stand-in takes publishable test keys (pk_test_...) only.");
    return Object.freeze({
      async createEmbeddedCheckoutPage({ clientSecret, fetchClientSecret, onComplete } = {}) {
        need(!clientSecret !== !fetchClientSecret, "createEmbeddedCheckoutPage(): give either clientSecret or fetchClientSecret.");
        need(!pageIsThere, "You cannot have multiple Embedded Checkout objects.");
        const secret = clientSecret ?? (await fetchClientSecret());
        need(/^cs_test_\w+_secret_\w+$/.test(secret), "Invalid value for clientSecret: it should look like cs_test_..._secret_...");
        return new EmbeddedPage(secret, onComplete);
      },
      elements: (options = {}) => new Elements(options),
      confirmPayment: (options = {}) => confirm(key, options),
      retrievePaymentIntent: (secret) => retrieve(key, secret),
      async handleNextAction({ clientSecret } = {}) {
        const found = await retrieve(key, clientSecret);
        return found.error ? found : act(key, clientSecret, found.paymentIntent);
      },
      initEmbeddedCheckout: gone("initEmbeddedCheckout", "stripe.createEmbeddedCheckoutPage()"),
      initCheckout: gone("initCheckout", "stripe.initCheckoutElementsSdk()"),
      redirectToCheckout: gone("redirectToCheckout", "the session's url"),
    });
  }

  Stripe.version = "endive";
  window.Stripe = Stripe;
})();
