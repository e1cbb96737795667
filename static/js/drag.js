// Dragging a card of a ranking by its place: a shortcut for those who have a pointer, never the only way (▲▼, numbers).

const NEAR_EDGE_PX = 60;

export class Drag {
  /** `drop(card, before)`: the card was let go above the row `before`, or below all when that is null. */
  constructor(list, drop) {
    this.list = list;
    this.drop = drop;
    this.card = null;
    list.addEventListener("pointerdown", (event) => this.take(event));
    list.addEventListener("pointermove", (event) => this.move(event));
    list.addEventListener("pointerup", () => this.letGo(true));
    list.addEventListener("pointercancel", () => this.letGo(false));
    list.addEventListener("keydown", (event) => event.key === "Escape" && this.letGo(false));
  }

  /** Where a card could be put: between the rows of the list, a tie being one row. */
  get rows() { return [...this.list.children].filter((row) => row.matches(".rank-card, .tie")); }

  take(event) {
    const handle = event.target.closest(".rank-place");
    if (!handle || event.button !== 0 || event.target.closest("select")) return;
    event.preventDefault();
    this.card = handle.closest(".rank-card");
    this.before = undefined;
    handle.setPointerCapture(event.pointerId);
    this.card.classList.add("is-dragged");
  }

  move(event) {
    if (!this.card) return;
    this.before = this.rows.find((row) => {
      const { top, height } = row.getBoundingClientRect();
      return event.clientY < top + height / 2;
    }) ?? null;
    this.mark(this.before ?? this.rows.at(-1), this.before ? "drop-above" : "drop-below");
    if (event.clientY < NEAR_EDGE_PX) scrollBy(0, -12);
    else if (event.clientY > innerHeight - 2 * NEAR_EDGE_PX) scrollBy(0, 12);
  }

  mark(row, name) {
    for (const other of this.list.querySelectorAll(".drop-above, .drop-below")) other.classList.remove("drop-above", "drop-below");
    row?.classList.add(name);
  }

  letGo(isMeant) {
    const { card, before } = this;
    if (!card) return;
    this.card = null;
    this.mark(null);
    card.classList.remove("is-dragged");
    if (isMeant && before !== undefined && before !== card) this.drop(card, before);
  }
}
