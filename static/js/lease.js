// Keeps the comparison on screen leased to its reader, for as long as somebody is reading.

import { csrfToken } from "./outbox.js";

export class Lease {
  constructor(dwell) {
    this.dwell = dwell;
    this.timer = null;
  }

  /** Renew at a third of the lease, until another comparison is watched or nobody reads any more. */
  watch(root) {
    clearInterval(this.timer);
    const url = root.dataset.heartbeat;
    if (!url) return;
    const seconds = Math.max(Number(root.dataset.leaseSeconds) / 3, 2);
    this.timer = setInterval(async () => {
      if (!this.dwell.isActive) return;
      try {
        const response = await fetch(url, { method: "POST", headers: { "X-CSRFToken": csrfToken() } });
        if ([404, 409].includes(response.status)) clearInterval(this.timer); // a late answer is still taken
      } catch { /* offline: the next beat tries again */ }
    }, seconds * 1000);
  }
}
