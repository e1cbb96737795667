// The scale from A to B, by keys. The radio buttons hold the truth.

const DIRECT = { tie: "tie", "much-first": "a3", "much-second": "b3" };

export class Pair {
  constructor(form, { text }) {
    this.form = form;
    this.text = text;
    this.radios = [...form.querySelectorAll("input[name=choice]")];
    this.hasStrength = this.radios.some((radio) => radio.value === "a2");
    this.tabs = [...form.querySelectorAll(".view-tabs [data-view]")];
    for (const tab of this.tabs) tab.addEventListener("click", () => this.view(tab.dataset.view));
  }

  get chosen() { return this.radios.findIndex((radio) => radio.checked); }

  choose(value) {
    const radio = this.radios.find((one) => one.value === value);
    if (!radio) return;
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    if (document.activeElement?.name === "choice") radio.focus();
  }

  /** What an action means here; false if it means nothing. */
  act({ name, digit }) {
    if (name === "digit" && digit <= 2) this.choose(`${"ab"[digit - 1]}${this.hasStrength ? 2 : ""}`);
    else if (name === "towards-a" || name === "towards-b") this.step(name === "towards-a" ? -1 : 1);
    else if (name in DIRECT) this.choose(DIRECT[name]);
    else return false;
    return true;
  }

  check() {
    return this.chosen === -1 && !this.form.elements.all_bad?.checked ? this.text("missing") : "";
  }

  /** One button along the scale; from nowhere, the weakest preference of that side. */
  step(by) {
    const middle = (this.radios.length - 1) / 2;
    const from = this.chosen === -1 ? middle : this.chosen;
    const to = by < 0 ? Math.ceil(from - 1) : Math.floor(from + 1);
    this.choose(this.radios[Math.min(Math.max(to, 0), this.radios.length - 1)].value);
  }

  /** On a narrow screen one response shows at a time. */
  view(side) {
    this.form.querySelector(".responses").dataset.view = side;
    for (const tab of this.tabs) tab.setAttribute("aria-pressed", String(tab.dataset.view === side));
  }
}
