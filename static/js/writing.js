// A text of one's own: a demonstration, or the chosen response opened for improvement. Counts its words and shows how
// its Markdown will look; what is typed is kept by the page's draft.

import { csrfToken } from "./outbox.js";

export class Writing {
  constructor(form) {
    this.form = form;
    this.part = form.querySelector(".writing");
    this.field = this.part.querySelector("textarea");
    this.preview = this.part.querySelector("[data-writing-preview]");
    this.isImprovement = this.part.classList.contains("is-improvement");
    this.began = this.field.defaultValue; // a draft that came back is no beginning
    this.isConfirmed = false;
    this.base = null; // the response that is being improved
    this.texts = new Map(); // what was made of each response so far
    this.field.addEventListener("input", () => this.changed());
    for (const button of this.part.querySelectorAll("[data-writing-view]")) {
      button.addEventListener("click", () => this.view(button.dataset.writingView));
    }
    if (this.isImprovement) {
      form.addEventListener("change", (event) => event.target !== this.field && this.follow());
      this.follow();
    }
    this.changed();
  }

  changed() {
    this.isConfirmed = false;
    this.complain("");
    if (this.base) this.texts.set(this.base, this.field.value);
    const text = this.field.value.trim();
    const words = text ? text.split(/\s+/).length : 0;
    const values = { n: words, m: [...text].length };
    this.part.querySelector("[data-writing-count]").textContent = this.part.dataset.words.replace(/\{(\w)\}/g, (_, name) => values[name]);
  }

  /** The text of a response as it was written, or null when it is a picture or a conversation. */
  textOf(card) {
    return card.querySelector("[data-picture], .turn + .turn") ? null : card.querySelector(".prose-raw")?.textContent ?? null;
  }

  /** The one response that stands above all others by what the form says now. */
  best() {
    const fields = this.form.elements;
    const cards = [...this.form.querySelectorAll("[data-response]")];
    const choice = this.form.querySelector("input[name=choice]:checked")?.value ?? "";
    if (/^[ab]/.test(choice)) return cards.find((card) => card.dataset.side === choice[0]);
    const best = this.form.querySelector("input[name=best]:checked")?.value;
    if (best) return cards.find((card) => card.dataset.response === best);
    const first = cards.filter((card) => fields[`rank_${card.dataset.response}`]?.value === "1");
    return first.length === 1 ? first[0] : null;
  }

  /** Open the chosen response; what was made of another one meanwhile is kept until that is chosen again. */
  follow() {
    const card = this.best() ?? null;
    const text = card && this.textOf(card);
    if (text !== null && card !== this.base) {
      const isDraft = this.base === null && this.field.value !== "" && !this.texts.size;
      if (!isDraft) this.field.value = this.texts.get(card) ?? text;
      const letter = card.dataset.letter ?? card.dataset.side.toUpperCase();
      this.part.querySelector("[data-writing-title]").textContent = this.part.dataset.title.replace("{letter}", letter);
      this.base = card;
      this.view("write");
    }
    if (text === null) this.base = null;
    this.part.hidden = text === null;
    this.field.disabled = text === null; // what is not offered is not sent
    this.changed();
  }

  async view(name) {
    const isPreview = name === "preview";
    for (const button of this.part.querySelectorAll("[data-writing-view]")) {
      button.setAttribute("aria-pressed", String(button.dataset.writingView === name));
    }
    this.field.hidden = isPreview;
    this.preview.hidden = !isPreview;
    if (!isPreview) return;
    const body = new FormData();
    body.set("text", this.field.value);
    try {
      const response = await fetch(this.part.dataset.preview, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" } });
      if (!response.ok) throw new Error(response.statusText);
      this.preview.innerHTML = await response.text();
    } catch {
      this.preview.textContent = this.part.dataset.previewTrouble;
    }
  }

  act({ name }) {
    if (name !== "write" || this.part.hidden) return false;
    this.view("write");
    this.field.focus();
    return true;
  }

  check() {
    if (!this.part.hasAttribute("data-required")) return "";
    const isEmpty = !this.field.value.trim();
    const isSame = !isEmpty && this.field.value === this.began && this.form.querySelector("[data-response]") !== null;
    const sentence = isEmpty ? this.part.dataset.missing : isSame && !this.isConfirmed ? this.part.dataset.unchanged : "";
    this.isConfirmed = isSame;
    this.complain(isEmpty ? sentence : "");
    if (sentence) this.field.focus();
    return sentence;
  }

  complain(sentence) {
    const line = this.part.querySelector("#written-problem");
    line.textContent = sentence;
    line.hidden = !sentence;
    this.field.setAttribute("aria-invalid", String(Boolean(sentence)));
  }
}
