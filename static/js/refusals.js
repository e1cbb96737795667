// Answers that the server would not take. Nothing moves unless somebody moved it: one comes back after the comparison on
// screen, or at once if they ask, with what they said and why it was refused.

import { newId } from "./outbox.js";

export class Refusals {
  /** `show(item, answer)` puts a comparison on screen, `goOn()` leads to the next, `problem(sentence)` complains about it. */
  constructor({ project, outbox, reserve, notice, draft, text, onScreen, show, problem, goOn }) {
    Object.assign(this, { project, outbox, reserve, notice, draft, text, onScreen, show, problem, goOn });
  }

  get entries() {
    return this.outbox.refused.filter((entry) => entry.project === this.project && entry.assignment !== this.onScreen());
  }

  /** The first that can be shown again. */
  get next() { return this.entries.find((entry) => this.reserve.get(entry.assignment)) ?? null; }

  tell() {
    const [entry] = this.entries;
    if (!entry) return;
    const isHere = Boolean(this.reserve.get(entry.assignment));
    const sentence = isHere ? this.text("refused") : `${this.text("refusedGone")} ${this.sentenceOf(entry)}`;
    const show = { label: this.text("showIt"), press: () => this.bringBack(entry) };
    this.notice.set("refused", sentence, [isHere ? show : this.wayOut(entry)]);
  }

  bringBack(entry) {
    const dwellMs = Number(new Map(entry.body).get("dwell_ms")) || 0;
    this.show(this.reserve.get(entry.assignment), this.draft.get(entry.assignment) ?? { fields: entry.body, dwellMs });
    document.getElementById("answer").elements.client_id.value = newId();
    this.problem(this.sentenceOf(entry));
    this.notice.set("refused", this.text("refusedHere"), [this.wayOut(entry)]);
  }

  sentenceOf(entry) { return entry.refused.message || this.text("notTaken"); }

  wayOut(entry) { return { label: this.text("leaveIt"), press: () => this.leave(entry) }; }

  leave(entry) {
    this.outbox.remove(entry.id);
    this.reserve.drop(entry.assignment);
    this.draft.clear(entry.assignment);
    this.notice.clear("refused");
    if (entry.assignment === this.onScreen()) this.goOn();
    else this.tell();
  }
}
