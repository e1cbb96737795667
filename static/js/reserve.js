// The comparisons this person holds here: the one on screen, those ahead of it, and those whose answer is not confirmed
// yet (to be shown again when it is taken back or refused). Each is kept as the HTML that the server rendered.

import { csrfToken, headersFor } from "./outbox.js";
import { Shelf } from "./shelf.js";

const MOST_HELD = 60;
const PATIENCE_MS = 20_000;

export class Reserve extends EventTarget {
  /** `answered()` names the assignments that the outbox has an answer for; `seconds` is the length of a lease. */
  constructor({ person, project, url, seconds, answered }) {
    super();
    this.person = person;
    this.url = url;
    this.leaseMs = seconds * 1000;
    this.answered = answered;
    this.items = new Map();
    this.finished = new Set(); // answered and confirmed: never to be shown again
    this.shelf = new Shelf(`${person}:${project}:${document.documentElement.lang}`);
    this.hasMore = true; // the server gave as many as it was asked for
    this.ready = this.load();
  }

  async load() {
    const answered = this.answered();
    for (const { id, html, until, at } of await this.shelf.all()) {
      if (this.finished.has(id) || this.items.has(id)) continue;
      if (until + 10 * this.leaseMs < Date.now() && !answered.has(id)) this.shelf.drop(id); // long somebody else's
      else this.items.set(id, { id, html, until, at });
    }
  }

  put(id, html, at = Date.now()) {
    if (this.finished.has(id)) return;
    const item = { id, html, until: Date.now() + this.leaseMs, at: this.items.get(id)?.at ?? at };
    this.items.set(id, item);
    this.shelf.put(item);
  }

  get(id) { return this.items.get(id); }

  drop(id) {
    this.finished.add(id);
    this.items.delete(id);
    this.shelf.drop(id);
  }

  /** It is to be judged again. */
  reopen(id) { this.finished.delete(id); }

  /** What can be shown after the one on screen, in order. */
  ahead(onScreen) {
    const answered = this.answered();
    const free = [...this.items.values()].filter((item) => item.id !== onScreen && !answered.has(item.id));
    return free.sort((one, other) => one.at - other.at);
  }

  hasExpired(item) { return item.until < Date.now(); }

  /** Keep only what the server says is held; what is on screen or answered stays, its answer is taken late as well. */
  reconcile(held, onScreen, known = [...this.items.keys()]) {
    const theirs = new Set(held);
    const answered = this.answered();
    for (const id of known) {
      const item = this.items.get(id);
      if (!item) continue;
      if (theirs.has(id)) {
        item.until = Date.now() + this.leaseMs;
        this.shelf.put(item);
      } else if (id !== onScreen && !answered.has(id)) {
        this.items.delete(id);
        this.shelf.drop(id);
      }
    }
  }

  /** Hold `count` in all; resolves to what the server said of the day, or null when it could not be asked. */
  async refill(count, onScreen) {
    await this.ready;
    if (!csrfToken()) return null;
    const known = [...this.items.keys()];
    const body = new URLSearchParams({ count: Math.min(Math.max(count, known.length, 1), MOST_HELD) });
    for (const id of known) body.append("have", id);
    try {
      const response = await fetch(this.url, {
        method: "POST", body, headers: headersFor(this.person), redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (response.status === 401 || response.status === 412) {
        this.dispatchEvent(new CustomEvent("trouble", { detail: { kind: response.status === 401 ? "login" : "somebody" } }));
      }
      if (!response.ok) return null;
      const page = document.createElement("template");
      page.innerHTML = await response.text();
      const answer = page.content.querySelector("[data-held]");
      if (!answer) return null;
      const held = answer.dataset.held.trim().split(/\s+/).filter(Boolean);
      this.reconcile(held, onScreen, known);
      this.hasMore = held.length >= Number(body.get("count"));
      const now = Date.now();
      for (const one of answer.querySelectorAll("template[data-assignment]")) {
        this.put(one.dataset.assignment, one.innerHTML.trim(), now + held.indexOf(one.dataset.assignment) / 100);
      }
      return answer.dataset;
    } catch {
      return null;
    }
  }
}
