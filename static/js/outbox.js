// Answers on their way. One is kept here from the moment it is given until the server has said what became of it, so a
// lost connection, an expired login, a closed tab or a restarted server loses nothing. Sending one twice is harmless:
// its id was made in the browser, and the server stores one judgment for one id.
//
// Each answer lies under a key of its own, so that two tabs never overwrite each other's; one tab at a time sends.

const REFUSALS = new Set([400, 404, 409, 413, 422]); // the server looked at it and said no: sending again changes nothing
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const PATIENCE_MS = 20_000;

export function csrfToken() {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

/** Headers of whatever the workbench asks for in the background; 401 instead of a login page, 412 for another person. */
export function headersFor(person, more = {}) {
  return { "X-CSRFToken": csrfToken(), "X-Person": person, "HX-Request": "true", "HX-Current-URL": location.href, ...more };
}

/** A random UUID, also where the page came without TLS. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * Events: `change`; `sent` {entry, answer}; `refused` {entry}; `trouble` {kind: offline|server|login|somebody};
 * `elsewhere` {entry}: another tab answered; `gone` {entry}: another tab's answer has left the outbox.
 */
export class Outbox extends EventTarget {
  constructor(person) {
    super();
    this.person = person;
    this.prefix = `plumbline-outbox:${person}:`;
    this.unkept = new Map(); // what the browser's storage would not take
    this.pauseMs = FIRST_PAUSE_MS;
    this.timer = null;
    this.flushing = null;
    this.isAsked = false; // to look again, while it was sending
    this.isOnFirstTry = false;
    this.request = null;
    this.isPaused = false;
    window.addEventListener("online", () => { this.pauseMs = FIRST_PAUSE_MS; });
    for (const name of ["online", "focus", "pageshow"]) window.addEventListener(name, () => this.flushSoon(0));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.flushSoon(0));
    window.addEventListener("storage", (event) => this.heard(event));
    window.addEventListener("beforeunload", (event) => this.unkept.size && event.preventDefault());
  }

  /** Everything here, oldest first. */
  get entries() {
    const found = [...this.unkept.values()];
    try {
      for (let at = 0; at < localStorage.length; at += 1) {
        const key = localStorage.key(at);
        const entry = key.startsWith(this.prefix) ? JSON.parse(localStorage.getItem(key)) : null;
        if (entry && !this.unkept.has(entry.id)) found.push(entry);
      }
    } catch { /* no storage: what is kept in memory is all */ }
    return found.sort((one, other) => one.at - other.at);
  }

  /** Those the server has not answered for. */
  get waiting() { return this.entries.filter((entry) => !entry.refused); }

  get refused() { return this.entries.filter((entry) => entry.refused); }

  /** The assignments that have an answer here. */
  get assignments() { return new Set(this.entries.map((entry) => entry.assignment)); }

  /** Keep an answer, {id, kind, project, assignment, url, body}; nothing is kept for what another tab has answered. */
  keep(entry) {
    if (this.waiting.some((other) => other.assignment === entry.assignment)) return;
    for (const old of this.refused) if (old.assignment === entry.assignment) this.remove(old.id);
    this.write({ ...entry, at: Math.max(Date.now(), (this.entries.at(-1)?.at ?? 0) + 1) });
    this.changed();
  }

  write(entry) {
    try {
      localStorage.setItem(this.prefix + entry.id, JSON.stringify(entry));
      this.unkept.delete(entry.id);
    } catch {
      this.unkept.set(entry.id, entry);
    }
  }

  remove(id) {
    this.unkept.delete(id);
    try { localStorage.removeItem(this.prefix + id); } catch { /* it was in memory alone */ }
    this.changed();
  }

  changed() { this.dispatchEvent(new Event("change")); }

  tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }

  heard({ key, oldValue, newValue }) {
    if (!key?.startsWith(this.prefix)) return;
    this.changed();
    const name = newValue === null ? "gone" : oldValue === null ? "elsewhere" : "";
    if (name) this.tell(name, { entry: JSON.parse(newValue ?? oldValue) });
  }

  flushSoon(ms) {
    if (this.timer !== null && ms > 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.timer = null; this.flush(); }, ms);
  }

  /**
   * Send what waits, one after another, oldest first; pause longer after each failure. True when nothing waits.
   * Who asks while it sends is heard: it looks once more, whatever became of what was on its way before they asked.
   */
  flush() {
    this.isAsked = true;
    this.flushing ??= this.alone(() => this.sendAll()).finally(() => {
      this.flushing = null;
      if (this.isAsked) this.flush();
    });
    return this.flushing;
  }

  async sendAll() {
    for (;;) {
      this.isAsked = false;
      const [entry] = this.waiting;
      if (!entry) break;
      if (this.isPaused) return false;
      if ((await this.send(entry)) || this.isAsked || this.isPaused) continue;
      this.flushSoon(this.pauseMs);
      this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
      return false;
    }
    this.pauseMs = FIRST_PAUSE_MS;
    return true;
  }

  /** Do it while no other tab sends. */
  async alone(work) {
    return navigator.locks ? navigator.locks.request(this.prefix, work) : work();
  }

  /** Take the youngest answer of a project back before it is sent; null when none waits. */
  async takeBack(project) {
    this.isPaused = true;
    this.request?.abort();
    try {
      return await this.alone(() => {
        const last = this.waiting.filter((entry) => entry.project === project).at(-1) ?? null;
        if (last) this.remove(last.id);
        return last;
      });
    } finally {
      this.isPaused = false;
      this.flushSoon(0);
    }
  }

  async send(entry) {
    if (!csrfToken()) { // the browser has lost its cookies, the login among them
      this.tell("trouble", { kind: "login" });
      return false;
    }
    // From here on nobody can be sure that the server has not heard it.
    this.isOnFirstTry = !entry.isTried;
    if (!entry.isTried) this.write({ ...entry, isTried: true });
    this.changed();
    let problem = "offline";
    try {
      this.request = new AbortController();
      const response = await fetch(entry.url, {
        method: "POST",
        body: new URLSearchParams(entry.body),
        headers: headersFor(this.person, { Prefer: "return=minimal" }),
        redirect: "error",
        signal: AbortSignal.any ? AbortSignal.any([this.request.signal, AbortSignal.timeout(PATIENCE_MS)]) : this.request.signal,
      });
      problem = { 401: "login", 412: "somebody" }[response.status] ?? "server";
      // Only our own server's word counts: a hotel's login page also says 200.
      const answer = response.headers.get("Content-Type")?.includes("json") ? await response.json() : null;
      const isSkipped = entry.kind === "skip" && response.status === 409; // closed already, which is what was wanted
      if (answer && (response.ok || isSkipped)) {
        this.done(entry, () => this.remove(entry.id));
        this.tell("sent", { entry, answer });
        return true;
      }
      if (REFUSALS.has(response.status)) {
        const refused = { status: response.status, message: answer?.message ?? "" };
        this.done(entry, () => this.write({ ...entry, refused }));
        this.tell("refused", { entry: { ...entry, refused } });
        return true;
      }
    } catch { /* no connection, or none in time */ }
    this.done(entry, () => {});
    if (!this.isPaused) this.tell("trouble", { kind: problem });
    return false;
  }

  done(entry, record) {
    this.isOnFirstTry = false;
    this.request = null;
    record();
    this.changed();
  }
}
