// How the responses are read: side by side and scrolling together, long ones folded, rendered or raw, or by what differs.
// What somebody chose holds for every comparison after it, and is remembered in this browser.

import { asNodes, difference } from "./diff.js";

const FOLDED_FROM = 0.7; // of the window's height: a response longer than that is long
const NARROW = matchMedia("(max-width: 45rem)");

export class Reading {
  constructor(person, text) {
    this.key = `plumbline-reading:${person}`;
    this.text = text;
    this.choices = { raw: false, together: true, folded: true, differs: false };
    try { Object.assign(this.choices, JSON.parse(localStorage.getItem(this.key))); } catch { /* the usual ones */ }
    this.choices.differs = false; // asked for anew on each comparison
    this.expected = new WeakMap();
    document.addEventListener("scroll", (event) => this.follow(event.target), { capture: true, passive: true });
    document.addEventListener("focusin", (event) => this.focused(event.target));
    document.addEventListener("load", (event) => event.target.matches?.("[data-body] img") && this.measure(), true);
    addEventListener("resize", () => this.measure(), { passive: true });
    addEventListener("beforeprint", () => this.unfoldAll(true));
    addEventListener("afterprint", () => this.unfoldAll(false));
  }

  arrive(root) {
    this.root = root;
    this.bodies = [...root.querySelectorAll("[data-body]")];
    this.choices.differs = false;
    this.showRaw();
    this.showTogether();
    for (const body of this.bodies) this.addFold(body);
    this.measure();
    this.mark("differs", false);
  }

  choose(name, value = !this.choices[name]) {
    this.choices[name] = value;
    try { localStorage.setItem(this.key, JSON.stringify(this.choices)); } catch { /* lasts until the page is left */ }
  }

  /** Buttons that switch something say whether it is on. */
  mark(name, isOn) {
    for (const button of this.root.querySelectorAll(`[data-reading="${name}"]`)) button.setAttribute("aria-pressed", String(isOn));
  }

  /** What a press on one of the tools means; false if it is none. */
  press(name) {
    if (name === "raw") this.toggleRaw();
    else if (name === "together") this.toggleTogether();
    else if (name === "differs") this.toggleDifference();
    else if (name === "folded") this.toggleFolded();
    else return false;
    return true;
  }

  // ---- rendered or raw

  toggleRaw() {
    this.choose("raw");
    this.hideDifference();
    this.showRaw();
    this.measure();
  }

  showRaw() {
    const { raw } = this.choices;
    for (const button of this.root.querySelectorAll("[data-raw]")) {
      button.setAttribute("aria-pressed", String(raw));
      button.textContent = this.text(raw ? "rendered" : "raw");
    }
    for (const body of this.bodies) {
      const source = body.querySelector(".prose-raw");
      if (!source) continue;
      body.querySelector(".response-text").hidden = raw;
      source.hidden = !raw;
    }
  }

  // ---- scrolling together

  toggleTogether() {
    this.choose("together");
    this.showTogether();
    this.measure();
  }

  /** Two that stand beside each other: they scroll together or the page scrolls; everything else folds. */
  get isPair() { return !NARROW.matches && Boolean(this.root.querySelector(".responses-pair")); }

  get isTogether() { return this.choices.together && this.isPair; }

  showTogether() {
    this.root.classList.toggle("scrolls-together", this.choices.together);
    this.mark("together", this.choices.together);
  }

  /** One was scrolled: the other goes to the same share of its own length. */
  follow(source) {
    if (!this.isTogether || !this.bodies.includes(source)) return;
    if (Math.abs((this.expected.get(source) ?? NaN) - source.scrollTop) < 2) return; // our own doing
    this.expected.delete(source);
    const length = source.scrollHeight - source.clientHeight;
    if (length <= 0) return;
    for (const other of this.bodies) {
      const otherLength = other.scrollHeight - other.clientHeight;
      if (other === source || otherLength <= 0) continue;
      other.scrollTop = (source.scrollTop / length) * otherLength;
      this.expected.set(other, other.scrollTop);
    }
  }

  /** Arrow and page keys move the responses when they scroll and nothing else wants the key. */
  scroll(name) {
    const step = { up: -60, down: 60, "page-up": -0.85, "page-down": 0.85 }[name];
    const body = this.isTogether && this.bodies.find((one) => one.scrollHeight > one.clientHeight + 1);
    if (!step || !body || this.bodies.includes(document.activeElement)) return false;
    const before = body.scrollTop;
    body.scrollTop += Math.abs(step) < 1 ? step * body.clientHeight : step;
    return body.scrollTop !== before; // at its end the page goes on
  }

  // ---- folding

  addFold(body) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "tool fold", hidden: true });
    button.dataset.reading = "folded";
    body.after(button);
  }

  toggleFolded() {
    this.choose("folded");
    this.measure();
  }

  /** Which are long; what scrolls by itself can be reached by Tab. */
  measure() {
    if (!this.root) return;
    const isTogether = this.isTogether;
    for (const body of this.bodies) body.classList.remove("is-folded");
    const limit = isTogether ? (body) => body.clientHeight + 1 : () => FOLDED_FROM * innerHeight;
    this.root.classList.toggle("has-long", this.bodies.some((body) => body.scrollHeight > limit(body)));
    for (const body of this.bodies) {
      const isLong = !this.isPair && !isTogether && body.scrollHeight > limit(body);
      body.classList.toggle("is-folded", isLong && this.choices.folded);
      const button = body.nextElementSibling;
      button.hidden = !isLong;
      button.textContent = this.text(this.choices.folded ? "showAll" : "showLess");
      button.setAttribute("aria-expanded", String(!this.choices.folded));
      const scrolls = isTogether && body.scrollHeight > body.clientHeight + 1;
      if (scrolls) Object.assign(body, { tabIndex: 0, role: "group" });
      else { body.removeAttribute("tabindex"); body.removeAttribute("role"); }
      const title = body.closest("[aria-labelledby]")?.getAttribute("aria-labelledby");
      if (scrolls && title) body.setAttribute("aria-labelledby", title);
      else body.removeAttribute("aria-labelledby");
    }
  }

  /** Nothing that has the focus hides below a fold. */
  focused(target) {
    const body = target.closest?.(".is-folded");
    if (body && target !== body && target.getBoundingClientRect().bottom > body.getBoundingClientRect().bottom) this.toggleFolded();
    if (this.choices.differs && target.closest?.(".rank-card")) this.showDifference();
  }

  unfoldAll(isPrinting) {
    if (!this.root) return;
    if (isPrinting) for (const body of this.bodies) body.classList.remove("is-folded");
    else this.measure();
  }

  // ---- what differs

  toggleDifference() {
    if (this.choices.differs) this.hideDifference();
    else this.showDifference();
    this.measure();
  }

  /** A pair: each against the other. A list: the card that is marked against the one above it. */
  showDifference() {
    const pair = this.pairToCompare();
    this.hideDifference();
    if (!pair) return;
    this.choices.differs = true;
    this.mark("differs", true);
    const [before, after] = pair;
    const runs = difference(sourceOf(before), sourceOf(after));
    const isMutual = Boolean(this.root.querySelector(".responses-pair"));
    if (isMutual) this.lay(before, runs.filter(([kind]) => kind !== "new"));
    this.lay(after, isMutual ? runs.filter(([kind]) => kind !== "gone") : runs);
  }

  pairToCompare() {
    const readable = (body) => body?.querySelector(".prose-raw");
    if (this.bodies.length === 2 && this.root.querySelector(".responses-pair")) return this.bodies.every(readable) ? this.bodies : null;
    const cards = [...this.root.querySelectorAll(".rank-card")];
    const marked = cards.findIndex((card) => card.contains(document.activeElement));
    const at = Math.max(marked === -1 ? cards.findIndex((card) => card.classList.contains("is-current")) : marked, 1);
    const bodies = [cards[at - 1], cards[at]].map((card) => card?.querySelector("[data-body]"));
    return bodies.every(readable) ? bodies : null;
  }

  lay(body, runs) {
    const source = body.querySelector(".prose-raw");
    const shown = document.createElement("pre");
    shown.className = "prose-raw prose-difference";
    shown.dir = "auto";
    if (source.lang) shown.lang = source.lang;
    shown.append(...asNodes(runs));
    body.querySelector(".response-text").hidden = true;
    source.hidden = true;
    body.append(shown);
  }

  hideDifference() {
    for (const shown of this.root.querySelectorAll(".prose-difference")) shown.remove();
    this.choices.differs = false;
    this.mark("differs", false);
    this.showRaw();
  }
}

const sourceOf = (body) => body.querySelector(".prose-raw").textContent;
