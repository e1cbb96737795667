// Reminds of a break: after so many active minutes without a pause of five. A line that waits, never a countdown.

const PAUSE_MS = 5 * 60_000;
const LOOK_MS = 15_000;

export class Rest {
  /** `remind()` is called once when the time has come; `minutes` 0 is never. */
  constructor({ person, dwell, minutes, remind }) {
    this.key = `plumbline-active:${person}`;
    this.dwell = dwell;
    this.minutes = minutes;
    this.remind = remind;
    this.seenMs = dwell.totalMs;
    const before = this.read();
    this.activeMs = Date.now() - before.at < PAUSE_MS ? before.ms : 0;
    this.lastActive = Date.now();
    setInterval(() => this.look(), LOOK_MS);
  }

  read() {
    try { return JSON.parse(localStorage.getItem(this.key)) ?? { ms: 0, at: 0 }; } catch { return { ms: 0, at: 0 }; }
  }

  look() {
    this.dwell.count();
    const passed = this.dwell.totalMs - this.seenMs;
    this.seenMs = this.dwell.totalMs;
    if (passed > 0) {
      this.activeMs += passed;
      this.lastActive = Date.now();
    } else if (Date.now() - this.lastActive > PAUSE_MS) {
      this.activeMs = 0; // that was one
    }
    try { localStorage.setItem(this.key, JSON.stringify({ ms: this.activeMs, at: this.lastActive })); } catch { /* counts from the reload */ }
    if (this.minutes && this.activeMs >= this.minutes * 60_000) this.remind();
  }

  taken() { this.activeMs = 0; }
}
