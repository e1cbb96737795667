// The guidelines beside the comparison and the sheet of keys: what they hold is fetched when they are opened.

import { headersFor } from "./outbox.js";
import { dress } from "./preferences.js";

export class Sheets {
  constructor({ person, text, opened }) {
    this.person = person;
    this.text = text;
    this.opened = opened;
    document.addEventListener("click", (event) => {
      const opener = event.target.closest("[data-opens]");
      if (opener && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        this.open(opener.dataset.opens);
      } else if (event.target.matches("dialog")) event.target.close(); // a click beside it
    });
  }

  async open(id) {
    const dialog = document.getElementById(id);
    if (!dialog.open) dialog.showModal();
    this.opened();
    const slot = dialog.querySelector("[data-loads]");
    const version = document.querySelector(`[data-opens="${id}"]`)?.dataset.version ?? "";
    if (slot.dataset.version === version) return;
    try {
      const response = await fetch(slot.dataset.loads, { headers: headersFor(this.person), redirect: "error" });
      if (!response.ok) throw new Error(response.statusText);
      slot.innerHTML = await response.text();
      slot.dataset.version = version;
      for (const form of slot.querySelectorAll("[data-workbench-preferences]")) dress(form);
    } catch {
      slot.textContent = this.text("notLoaded");
    }
  }
}
