// The day's count in the header: what the server last said, and the answers that are on their way to it.

export class Progress {
  constructor(text) {
    this.text = text;
    this.doneToday = 0;
    this.hasDone = false;
    this.medianSeconds = "";
  }

  /** `said`: {doneToday, done, medianSeconds}, whatever of it is known. */
  hear({ doneToday, done, medianSeconds }) {
    if (doneToday !== undefined) this.doneToday = Number(doneToday);
    if (medianSeconds) this.medianSeconds = medianSeconds;
    this.hasDone ||= Number(done ?? 0) > 0 || this.doneToday > 0;
  }

  show(root, waiting) {
    const today = this.doneToday + waiting;
    const { quota } = root.dataset;
    const count = root.querySelector(".workbench-count");
    const sentence = quota ? this.text("todayOf", { today, quota }) : this.text("today", { today });
    if (count && count.textContent !== sentence) count.textContent = sentence;
    const bar = root.querySelector(".workbench-progress");
    if (bar) bar.value = today;
    const median = root.querySelector(".workbench-median");
    if (median) {
      median.hidden = !this.medianSeconds;
      if (this.medianSeconds) median.textContent = this.text("median", { n: this.medianSeconds });
    }
    const undo = root.querySelector(".undo");
    if (undo) undo.disabled = !(this.hasDone || waiting);
  }
}
