// The best of several, by one key: its number. The radio buttons hold the truth.

export class Best {
  constructor(form, { say }) {
    this.form = form;
    this.say = say;
    this.scale = form.querySelector(".scale-best");
    this.radios = [...this.scale.querySelectorAll("input[name=best]")];
    this.cards = [...form.querySelectorAll("[data-response]")];
    for (const card of this.cards) card.tabIndex = -1;
  }

  get chosen() { return this.radios.findIndex((radio) => radio.checked); }

  choose(index) {
    const radio = this.radios[index];
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    if (document.activeElement?.name === "best") radio.focus();
  }

  act({ name, digit }) {
    const tie = this.radios.findIndex((radio) => radio.value === "tie");
    if (name === "digit" && digit <= this.cards.length) this.choose(digit - 1);
    else if (name === "tie" && tie !== -1) this.choose(tie);
    else if (name === "towards-a") this.choose(Math.max(this.chosen - 1, 0));
    else if (name === "towards-b") this.choose(Math.min(this.chosen + 1, this.radios.length - 1));
    else if (name === "next-card" || name === "previous-card") this.read(name === "next-card" ? 1 : -1);
    else return false;
    return true;
  }

  /** Bring the next card, or the one before, to the top of what is in sight. */
  read(by) {
    const at = this.cards.indexOf(document.activeElement?.closest?.("[data-response]"));
    const to = at === -1 ? 0 : Math.min(Math.max(at + by, 0), this.cards.length - 1);
    this.cards[to].focus();
  }

  check() {
    return this.chosen === -1 && !this.form.elements.all_bad?.checked ? this.scale.dataset.missing : "";
  }
}
