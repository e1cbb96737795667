// One line above the answer bar for what a person must know and can wait: never a dialog, never in the way of reading.

// The first of these that holds is the one that shows.
const ORDER = ["somebody", "login", "unkept", "left", "refused", "server", "offline", "break"];

export class Notice {
  constructor(element) {
    this.element = element;
    this.sentence = element.querySelector("[data-sentence]");
    this.buttons = element.querySelector("[data-buttons]");
    this.said = new Map();
  }

  /** Say it, with buttons [{label, press} or {label, href, press}]; nothing to say takes it back. */
  set(name, sentence = "", buttons = []) {
    if (!sentence && !this.said.has(name)) return;
    if (sentence) this.said.set(name, { sentence, buttons });
    else this.said.delete(name);
    this.show();
  }

  clear(...names) { for (const name of names) this.set(name); }

  show() {
    const name = ORDER.find((one) => this.said.has(one));
    const { sentence, buttons } = this.said.get(name) ?? { sentence: "", buttons: [] };
    this.element.hidden = !name;
    this.element.dataset.name = name ?? "";
    if (this.sentence.textContent !== sentence) this.sentence.textContent = sentence;
    this.buttons.replaceChildren(...buttons.map(({ label, href, press }) => {
      const button = document.createElement(href ? "a" : "button");
      if (href) button.href = href;
      else button.type = "button";
      button.className = "button button-small";
      button.textContent = label;
      button.addEventListener("click", (event) => press?.(event));
      return button;
    }));
  }

  /** It stands in the bar of whatever is on screen. */
  attach(root) {
    const bar = root.querySelector(".answer-bar");
    if (bar) bar.prepend(this.element);
    else root.querySelector("main").prepend(this.element);
  }
}
