// A ranking as a list that is in the order it was given. The selects of the form hold the truth; this keeps the list,
// the places on the cards and the selects the same, and says each change aloud.

import { Drag } from "./drag.js";

export class Ranking {
  /** `say(key, values)` announces a sentence by its name in the page's strings; `text` looks one up without saying it. */
  constructor(form, { say, text }) {
    const list = form.querySelector("#ranking");
    this.form = form;
    this.list = list;
    this.say = say;
    this.text = text;
    this.isConfirmed = false; // an order nobody touched is sent only when asked twice
    this.allowsTies = list.hasAttribute("data-ties");
    this.places = Number(list.dataset.places ?? 0); // how many of the best are asked for; 0: all
    this.cards = [...list.querySelectorAll(".rank-card")];
    for (const card of this.cards) card.tabIndex = 0;
    const given = this.cards.filter((card) => this.select(card).value);
    // Groups of cards, best first; cards without a place keep the order shown, below.
    this.groups = this.groupsOf(given.map((card) => [card, Number(this.select(card).value)]));
    this.touched = given.length > 0;
    this.render();
    list.addEventListener("click", (event) => {
      const move = event.target.closest("[data-move]");
      if (move) this.move(move.closest(".rank-card"), move.dataset.move, move);
    });
    new Drag(list, (card, before) => this.dropAbove(card, before));
    list.addEventListener("focusin", () => this.markCurrent());
    list.addEventListener("focusout", () => setTimeout(() => this.markCurrent()));
  }

  select(card) { return card.querySelector(".rank-select select"); }

  groupsOf(pairs) {
    const byPlace = new Map();
    for (const [card, place] of pairs) byPlace.set(place, [...(byPlace.get(place) ?? []), card]);
    return [...byPlace.keys()].sort((a, b) => a - b).map((place) => byPlace.get(place));
  }

  get unranked() { return this.cards.filter((card) => !this.groups.some((group) => group.includes(card))); }

  /** The cards from top to bottom as they stand. */
  get order() { return [...this.groups.flat(), ...this.unranked]; }

  /** The card that a number goes to when none has the focus: the first without a place, while places are missing. */
  get waiting() { return this.isComplete ? null : this.unranked[0] ?? null; }

  get current() { return document.activeElement?.closest?.(".rank-card") ?? this.waiting; }

  get isComplete() {
    return this.places ? this.groups.flat().length >= this.places : !this.unranked.length;
  }

  /** Groups that begin below the last place asked for have none. */
  trim() {
    while (this.places && this.groups.slice(0, -1).flat().length >= this.places) this.groups.pop();
  }

  /** Take the order shown as it is: every card gets the place it stands at. */
  takeAsShown() {
    this.groups = [...this.groups, ...this.unranked.map((card) => [card])];
    this.touched = true;
    this.render();
  }

  /**
   * A number key: the card gets that place, and shares it with whoever has it. Numbers may come in any order; until
   * every card has one, the cards show the numbers as they were typed, because places follow only from all of them.
   */
  place(card, number) {
    if (!card || number > (this.places || this.cards.length)) return;
    const hadFocus = this.list.contains(document.activeElement);
    if (!this.allowsTies && !this.unranked.length) {
      const others = this.groups.filter((group) => group[0] !== card);
      this.groups = [...others.slice(0, number - 1), [card], ...others.slice(number - 1)];
    } else {
      const typed = new Map(this.groups.flat().map((other) => [other, this.shownPlace(other)]));
      if (!this.allowsTies) for (const [other, place] of typed) if (place === number) typed.delete(other);
      typed.set(card, number);
      for (const other of this.cards) other.dataset.typed = typed.get(other) ?? "";
      this.groups = this.groupsOf(this.cards.filter((other) => typed.has(other)).map((other) => [other, typed.get(other)]));
    }
    this.touched = true;
    this.trim();
    this.render();
    this.announce(card);
    const next = this.waiting ?? card;
    if (hadFocus) next.focus();
    else next.scrollIntoView({ block: "nearest" });
  }

  /** ▲, ▼ and =: past the neighbours above or below, or into one place with the card above and out again. */
  move(card, direction, button = null) {
    if (!card) return;
    if (this.places) return this.moveAmongBest(card, direction, button);
    if (this.unranked.length) this.takeAsShown();
    const at = this.groups.findIndex((group) => group.includes(card));
    const isAlone = this.groups[at].length === 1;
    const without = this.groups.map((group) => group.filter((other) => other !== card));
    let groups = null;
    if (direction === "tie") {
      if (!this.allowsTies) return;
      if (!isAlone) groups = [...without.slice(0, at + 1), [card], ...without.slice(at + 1)];
      else if (at > 0) groups = without.map((group, index) => (index === at - 1 ? [...group, card] : group));
    } else if (direction === "up" && (at > 0 || !isAlone)) {
      const to = isAlone ? at - 1 : at;
      groups = [...without.slice(0, to), [card], ...without.slice(to)];
    } else if (direction === "down" && (at < this.groups.length - 1 || !isAlone)) {
      const to = isAlone ? at + 2 : at + 1;
      groups = [...without.slice(0, to), [card], ...without.slice(to)];
    }
    if (groups) this.groups = groups.filter((group) => group.length);
    this.touched = true;
    this.render();
    (button ?? card).focus();
    this.announce(card);
  }

  /** The same where only the best have places: a card comes in at the last of them, and leaves below it. */
  moveAmongBest(card, direction, button) {
    for (const other of this.cards) delete other.dataset.typed;
    const at = this.groups.findIndex((group) => group.includes(card));
    const last = this.groups.length - 1;
    const isAlone = at !== -1 && this.groups[at].length === 1;
    const without = this.groups.map((group) => group.filter((other) => other !== card));
    if (direction === "tie") {
      if (!this.allowsTies) return;
      if (at !== -1 && !isAlone) without.splice(at + 1, 0, [card]);
      else without[Math.max(at === -1 ? last : at - 1, 0)]?.push(card);
    } else if (direction === "up") {
      if (at === -1) without.splice(this.isComplete ? last : last + 1, 0, [card]);
      else without.splice(isAlone ? Math.max(at - 1, 0) : at, 0, [card]);
    } else if (at !== -1 && !(isAlone && at === last)) {
      without.splice(isAlone ? at + 2 : at + 1, 0, [card]);
    }
    this.groups = without.filter((group) => group.length);
    this.trim();
    this.touched = true;
    this.render();
    (button ?? card).focus();
    this.announce(card);
  }

  /** The card was dragged above a row of the list, a card or a tie; below all when there is none. */
  dropAbove(card, row) {
    for (const other of this.cards) delete other.dataset.typed;
    if (!this.places && this.unranked.length) this.takeAsShown();
    const target = row?.querySelector?.(".rank-card") ?? row;
    const without = this.groups.map((group) => group.filter((other) => other !== card));
    const at = target ? this.groups.findIndex((group) => group.includes(target)) : -1;
    without.splice(at === -1 ? without.length : at, 0, [card]);
    this.groups = without.filter((group) => group.length);
    this.trim();
    this.touched = true;
    this.render();
    this.announce(card);
  }

  /** What a key means for the list; arrows move the focus only once it is in the list, so that the page still scrolls. */
  act({ name, digit }) {
    const inList = this.list.contains(document.activeElement);
    if (name === "digit") this.place(this.current, digit);
    else if (name === "next-card" || (name === "down" && inList)) this.step(1);
    else if (name === "previous-card" || (name === "up" && inList)) this.step(-1);
    else if (name === "move-up" && inList) this.move(this.current, "up");
    else if (name === "move-down" && inList) this.move(this.current, "down");
    else if (name === "tie" && inList) this.move(this.current, "tie");
    else return false;
    return true;
  }

  /** Every response needs a place, unless all are bad and none was ranked. */
  check() {
    if (this.isComplete || (this.form.elements.all_bad?.checked && !this.touched)) return "";
    if (this.places) {
      this.waiting.focus();
      return this.list.dataset.more.replace("{missing}", this.places - this.groups.flat().length);
    }
    if (this.touched) {
      this.unranked[0].focus();
      return this.text("unranked", { letters: this.unranked.map((card) => card.dataset.letter).join(", ") });
    }
    if (!this.isConfirmed) {
      this.isConfirmed = true;
      return this.text("untouched");
    }
    this.takeAsShown();
    return "";
  }

  step(by) {
    const order = this.order;
    const at = order.indexOf(document.activeElement?.closest?.(".rank-card"));
    order[at === -1 ? 0 : Math.min(Math.max(at + by, 0), order.length - 1)].focus();
  }

  placeOf(card) {
    let before = 0;
    for (const group of this.groups) {
      if (group.includes(card)) return before + 1;
      before += group.length;
    }
    return null;
  }

  shownPlace(card) {
    return (!this.isComplete && Number(card.dataset.typed)) || this.placeOf(card);
  }

  /** Put cards, rails, places and selects in line with the groups; a card that stays is not moved in the document. */
  render() {
    const rows = this.groups.map((group) => (group.length > 1 ? this.rail(group) : group[0]));
    const rest = this.unranked;
    const restLabel = this.places && this.isComplete ? this.list.dataset.below : this.text("unrankedLabel");
    if (rest.length && this.groups.length) rows.push(this.label(restLabel, "unranked-label"));
    this.put(this.list, [...rows, ...rest]);
    for (const card of this.cards) {
      if (this.isComplete) delete card.dataset.typed;
      const place = this.shownPlace(card);
      this.select(card).value = place ?? "";
      card.querySelector("[data-place]").textContent = place ?? "–";
      card.classList.toggle("is-ranked", place !== null);
    }
    this.markCurrent();
  }

  rail(group) {
    const rail = document.createElement("li");
    rail.className = "tie";
    const label = document.createElement("p");
    label.className = "tie-label";
    label.textContent = this.text("tieLabel", { place: this.shownPlace(group[0]) });
    const cards = document.createElement("ol");
    cards.className = "tie-cards";
    cards.append(...group);
    rail.append(label, cards);
    return rail;
  }

  label(words, className) {
    const row = document.createElement("li");
    row.className = className;
    row.textContent = words;
    return row;
  }

  put(list, rows) {
    rows.forEach((row, index) => { if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null); });
    while (list.children.length > rows.length) list.lastElementChild.remove();
  }

  markCurrent() {
    const focused = this.list.contains(document.activeElement);
    for (const card of this.cards) card.classList.toggle("is-current", !focused && card === this.waiting);
  }

  announce(card) {
    this.list.dispatchEvent(new Event("change", { bubbles: true }));
    const group = this.groups.find((one) => one.includes(card)) ?? [];
    const others = group.filter((other) => other !== card).map((other) => other.dataset.letter);
    this.say(others.length ? "tied" : "moved", {
      letter: card.dataset.letter, place: this.shownPlace(card), count: this.cards.length, others: others.join(", "),
    });
  }
}
