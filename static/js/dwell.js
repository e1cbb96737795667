// Active time: counts only while the page is visible and somebody did something within the last minute.

const IDLE_MS = 60_000;

export class Dwell {
  constructor() {
    this.activeMs = 0; // on this comparison
    this.totalMs = 0; // since the page was opened
    this.lastSign = performance.now();
    this.lastCount = this.lastSign;
    this.sign = () => { this.count(); this.lastSign = performance.now(); };
    for (const name of ["pointermove", "pointerdown", "keydown", "scroll", "touchmove", "wheel"]) {
      document.addEventListener(name, this.sign, { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => this.count(document.visibilityState === "hidden"));
  }

  /** Add what passed since the last count; while hidden, or a minute after the last sign of life, nothing is added. */
  count(wasVisible = document.visibilityState === "visible") {
    const now = performance.now();
    const passed = wasVisible ? Math.max(0, Math.min(now, this.lastSign + IDLE_MS) - this.lastCount) : 0;
    this.activeMs += passed;
    this.totalMs += passed;
    this.lastCount = now;
  }

  get isActive() { return performance.now() - this.lastSign < 5 * IDLE_MS && document.visibilityState === "visible"; }

  restart(ms = 0) {
    this.count();
    this.lastSign = this.lastCount = performance.now();
    this.activeMs = ms;
  }

  milliseconds() {
    this.count();
    return Math.round(this.activeMs);
  }
}
