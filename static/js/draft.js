// Answers being made, each kept until it is sent: a reload, a crash or an expired login does not start one over.

const NOT_KEPT = new Set(["csrfmiddlewaretoken", "client_id", "dwell_ms"]);
const KEPT_DAYS = 14;

/** Make the form say what `fields`, [name, value] pairs, say. */
export function fill(form, fields) {
  const given = new Map();
  for (const [name, value] of fields) given.set(name, [...(given.get(name) ?? []), value]);
  for (const id of given.get("corrects") ?? []) correct(form, id);
  for (const control of form.elements) {
    const { name, type } = control;
    if (!name || NOT_KEPT.has(name) || name === "corrects" || ["submit", "button", "fieldset", "file"].includes(type)) continue;
    const values = given.get(name) ?? [];
    if (["radio", "checkbox"].includes(type)) control.checked = values.includes(control.value);
    else control.value = values[0] ?? "";
  }
}

/** The answer of this form takes the place of one that was sent under `id`, should that one have arrived. */
export function correct(form, id) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "corrects", value: id });
  form.append(field);
}

export class Draft {
  constructor(person) {
    this.prefix = `plumbline-draft:${person}:`;
    this.forgetOld();
  }

  save(form, assignment, dwellMs) {
    const fields = [...new FormData(form).entries()].filter(([name, value]) => !NOT_KEPT.has(name) && value !== "");
    try {
      localStorage.setItem(this.prefix + assignment, JSON.stringify({ fields, dwellMs, at: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  clear(assignment) {
    try { localStorage.removeItem(this.prefix + assignment); } catch { /* nothing was kept */ }
  }

  /** What was kept for this assignment, {fields, dwellMs}, or null. */
  get(assignment) {
    try { return JSON.parse(localStorage.getItem(this.prefix + assignment)); } catch { return null; }
  }

  forgetOld() {
    try {
      for (const key of Object.keys(localStorage).filter((one) => one.startsWith(this.prefix))) {
        if (!(JSON.parse(localStorage.getItem(key))?.at > Date.now() - KEPT_DAYS * 86_400_000)) localStorage.removeItem(key);
      }
    } catch { /* no storage, no drafts */ }
  }
}
