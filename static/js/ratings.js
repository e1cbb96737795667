// Ratings by keys: a number rates the row that has the focus and goes on to the next one that is not rated yet; the
// arrows move along a row and between rows. The radio buttons hold the truth.

export class Ratings {
  constructor(form) {
    this.form = form;
    this.rows = [...form.querySelectorAll(".rating")];
    for (const row of this.rows) {
      // Native, on the row itself: what a number means here goes before what it means to the rest of the page.
      row.addEventListener("keydown", (event) => this.press(row, event));
      row.addEventListener("change", () => row.classList.remove("is-missing"));
    }
  }

  radiosOf(row) { return [...row.querySelectorAll("input")]; }

  isRated(row) { return this.radiosOf(row).some((radio) => radio.checked); }

  press(row, event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
    const radios = this.radiosOf(row);
    const at = Math.max(radios.findIndex((radio) => radio === document.activeElement), 0);
    if (digit !== undefined) {
      const radio = radios.find((one) => one.value === digit);
      if (radio) this.choose(radio);
      if (radio) this.focus(this.rows.find((other) => this.rows.indexOf(other) > this.rows.indexOf(row) && !this.isRated(other)));
    } else if (event.code === "ArrowLeft" || event.code === "ArrowRight") {
      const isForward = (event.code === "ArrowRight") === (getComputedStyle(row).direction === "ltr");
      this.choose(radios[Math.min(Math.max(at + (isForward ? 1 : -1), 0), radios.length - 1)]);
    } else if (event.code === "ArrowUp" || event.code === "ArrowDown") {
      this.focus(this.rows[this.rows.indexOf(row) + (event.code === "ArrowDown" ? 1 : -1)]);
    } else {
      return;
    }
    event.preventDefault();
  }

  choose(radio) {
    radio.checked = true;
    radio.focus();
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  }

  focus(row) {
    if (!row) return;
    const radios = this.radiosOf(row);
    (radios.find((radio) => radio.checked) ?? radios[0]).focus();
  }

  /** A letter of our own: to the first row that is not rated yet. */
  act({ name }) {
    if (name !== "ratings") return false;
    this.focus(this.rows.find((row) => !this.isRated(row)) ?? this.rows[0]);
    return true;
  }

  /** The required rows without a rating, named with the letters of their responses. */
  check() {
    const missing = this.rows.filter((row) => row.hasAttribute("data-required") && !this.isRated(row));
    for (const row of this.rows) row.classList.toggle("is-missing", missing.includes(row));
    if (!missing.length) return "";
    const letters = new Map();
    for (const row of missing) {
      const letter = row.closest("[data-letter], [data-side]");
      const name = letter.dataset.letter ?? letter.dataset.side.toUpperCase();
      letters.set(row.dataset.label, [...(letters.get(row.dataset.label) ?? []), name]);
    }
    this.focus(missing[0]);
    const words = [...letters].map(([label, of]) => `${label} (${of.join(", ")})`).join("; ");
    return missing[0].closest(".ratings").dataset.missing.replace("{missing}", words);
  }
}
