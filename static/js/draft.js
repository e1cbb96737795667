// The answer being made, kept until it is sent: a reload, a crash or an expired login does not start it over.

const NOT_KEPT = new Set(["csrfmiddlewaretoken", "client_id", "dwell_ms"]);

export class Draft {
  constructor(person) { this.key = `plumbline-draft:${person}`; }

  save(form, assignment, dwellMs) {
    const fields = [...new FormData(form).entries()].filter(([name, value]) => !NOT_KEPT.has(name) && value !== "");
    try { localStorage.setItem(this.key, JSON.stringify({ assignment, fields, dwellMs })); } catch { /* nothing kept */ }
  }

  clear() {
    try { localStorage.removeItem(this.key); } catch { /* nothing was kept */ }
  }

  /** Fill the form with what was kept for this assignment; returns the active milliseconds spent on it so far. */
  restore(form, assignment) {
    let kept = null;
    try { kept = JSON.parse(localStorage.getItem(this.key)); } catch { /* nothing readable */ }
    if (kept?.assignment !== assignment) return 0;
    for (const [name, value] of kept.fields) {
      for (const control of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (["radio", "checkbox"].includes(control.type)) control.checked ||= control.value === value;
        else control.value = value;
      }
    }
    return kept.dwellMs ?? 0;
  }
}
