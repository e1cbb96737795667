// Answers on their way. One is kept here from the moment it is sent until the server has said what became of it, so a
// lost connection, an expired login, a closed tab or a restarted server loses nothing. Sending one twice is harmless:
// its client id was made when the page was rendered, and the server stores one judgment for one id.

const DEFINITE = new Set([400, 404, 409, 413, 422]); // the server looked at it and said no: sending again changes nothing
const LONGEST_PAUSE_MS = 60_000;

export function csrfToken() {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

export class Outbox extends EventTarget {
  constructor(person) {
    super();
    this.key = `plumbline-outbox:${person}`;
    this.memory = [];
    this.pauseMs = 1000;
    this.timer = null;
    this.inFlight = new Set();
    window.addEventListener("online", () => this.flushSoon(0));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.flushSoon(0));
    window.addEventListener("storage", (event) => event.key === this.key && this.changed());
  }

  entries() {
    try { return JSON.parse(localStorage.getItem(this.key) ?? "[]"); } catch { return this.memory; }
  }

  write(entries) {
    this.memory = entries;
    try { localStorage.setItem(this.key, JSON.stringify(entries)); } catch { /* full or refused: kept in memory */ }
    this.changed();
  }

  changed() { this.dispatchEvent(new Event("change")); }

  /** Those the server has not answered for and that no request is carrying right now. */
  get waiting() { return this.entries().filter((entry) => !this.inFlight.has(entry.id)); }

  /** Keep an answer, {id, url, body}, before it is sent. */
  keep(entry) {
    this.inFlight.add(entry.id);
    this.write([...this.entries().filter((other) => other.id !== entry.id), entry]);
  }

  /** The request that carried it ended without a definite word: it waits from now on. */
  park(id) {
    this.inFlight.delete(id);
    this.changed();
    this.flushSoon(this.pauseMs);
  }

  drop(id) {
    this.inFlight.delete(id);
    this.write(this.entries().filter((entry) => entry.id !== id));
  }

  flushSoon(ms) {
    if (this.timer !== null && ms > 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.timer = null; this.flush(); }, ms);
  }

  /** Send what waits, one after another, oldest first; pause longer after each failure. */
  async flush() {
    const send = async () => {
      for (const entry of this.waiting) {
        if (!(await this.send(entry))) {
          this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
          this.flushSoon(this.pauseMs);
          return;
        }
      }
      this.pauseMs = 1000;
    };
    if (navigator.locks) await navigator.locks.request(this.key, { ifAvailable: true }, (lock) => lock && send());
    else await send();
  }

  async send(entry) {
    this.inFlight.add(entry.id);
    try {
      const response = await fetch(entry.url, {
        method: "POST",
        body: new URLSearchParams(entry.body),
        headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true", Prefer: "return=minimal" },
        redirect: "error",
        signal: AbortSignal.timeout(20_000),
      });
      if (response.ok) {
        this.drop(entry.id);
        this.dispatchEvent(new CustomEvent("sent", { detail: entry }));
        return true;
      }
      if (DEFINITE.has(response.status)) {
        this.drop(entry.id);
        this.dispatchEvent(new CustomEvent("refused", { detail: { entry, status: response.status } }));
        return true;
      }
      this.inFlight.delete(entry.id);
      this.changed();
      if (response.status === 401) this.dispatchEvent(new CustomEvent("login", { detail: entry }));
      return false;
    } catch {
      this.inFlight.delete(entry.id);
      this.changed();
      return false;
    }
  }
}
