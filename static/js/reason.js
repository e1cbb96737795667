// A reason that must be given from some strength on, said beside its field.

export class Reason {
  constructor(form) {
    this.form = form;
    this.field = form.querySelector("#reason");
    this.from = Number(this.field.dataset.requiredFrom);
    this.line = form.querySelector("#reason-problem");
    this.field.addEventListener("input", () => this.show(""));
    form.addEventListener("change", () => this.show(""));
  }

  get isRequired() {
    if (this.from === 0) return true;
    const choice = this.form.querySelector("input[name=choice]:checked")?.value ?? "";
    return Number(/^[ab]([0-3])$/.exec(choice)?.[1] ?? -1) >= this.from;
  }

  act() { return false; }

  check() {
    const sentence = this.isRequired && !this.field.value.trim() ? this.field.dataset.missing : "";
    this.show(sentence);
    if (sentence) this.field.focus();
    return sentence;
  }

  show(sentence) {
    this.line.textContent = sentence;
    this.line.hidden = !sentence;
    this.field.setAttribute("aria-invalid", String(Boolean(sentence)));
  }
}
