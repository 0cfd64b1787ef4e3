// Suggests products while somebody types into a search form. Without it the form asks for the page of results.
const WAIT = 150; // milliseconds after the last key
let count = 0;

class Suggestions {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector("[name=q]");
    this.list = document.createElement("ul");
    this.list.id = `suggestions-${(count += 1)}`;
    this.list.className = "suggestions";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", form.dataset.suggestLabel);
    this.list.hidden = true;
    form.append(this.list);
    this.marked = -1;
    for (const [name, value] of Object.entries({
      role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
    })) this.input.setAttribute(name, value);
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    // The press must not take the focus from the field: the list would be gone before the click.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.open(event.target.closest("[role=option]")));
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT);
  }

  async ask() {
    this.asked?.abort();
    const text = this.input.value.trim();
    if (text.length < 2) return this.close();
    this.asked = new AbortController();
    try {
      const answer = await fetch(`${this.form.dataset.suggest}?q=${encodeURIComponent(text)}`, { signal: this.asked.signal });
      if (answer.ok) this.show((await answer.json()).products);
    } catch {
      this.close(); // another key came, or the network is gone: the form works as it is
    }
  }

  show(products) {
    this.list.replaceChildren(...products.map((product, place) => this.option(product, place)));
    this.mark(-1);
    this.list.hidden = !products.length || document.activeElement !== this.input;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
  }

  option(product, place) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${place}`;
    option.setAttribute("role", "option");
    option.dataset.url = product.url;
    const price = document.createElement("span");
    price.className = "soft";
    price.textContent = product.price;
    option.append(product.title, " ", price);
    return option;
  }

  key(event) {
    const options = this.list.children.length;
    if (this.list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown") this.mark((this.marked + 2) % (options + 1) - 1);
    else if (event.key === "ArrowUp") this.mark((this.marked + options + 1) % (options + 1) - 1);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && this.marked >= 0) this.open(this.list.children[this.marked]);
    else return;
    event.preventDefault();
  }

  mark(place) {
    this.marked = place;
    [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
    if (place < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `${this.list.id}-${place}`);
  }

  open(option) {
    if (option) location.assign(option.dataset.url);
  }

  close() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.list.hidden = true;
    this.mark(-1);
    this.input.setAttribute("aria-expanded", "false");
  }
}

for (const form of document.querySelectorAll("[data-suggest]")) new Suggestions(form);
