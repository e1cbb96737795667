// Keeps what this person holds leased to them, for as long as somebody is reading.

import { csrfToken, headersFor } from "./outbox.js";

export class Lease {
  /** `renewed(ids)` hears what is still held after each beat. */
  constructor({ person, url, seconds, dwell, renewed }) {
    this.person = person;
    this.url = url;
    this.dwell = dwell;
    this.renewed = renewed;
    setInterval(() => this.beat(), Math.max(seconds / 3, 2) * 1000);
  }

  async beat() {
    if (!this.dwell.isActive || !navigator.onLine || !csrfToken()) return;
    try {
      const response = await fetch(this.url, { method: "POST", headers: headersFor(this.person), redirect: "error" });
      if (response.ok) this.renewed((await response.json()).held);
    } catch { /* offline: the next beat tries again, and a late answer is still taken */ }
  }
}
