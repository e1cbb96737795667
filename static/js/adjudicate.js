// A reviewer's own verdict, with the instrument of the workbench: the same keys, the same checks, one plain form.

import { Dwell } from "./dwell.js";
import { modulesOf } from "./instruments.js";
import { Keys } from "./keyboard.js";

const byId = (id) => document.getElementById(id);
const form = byId("answer");
const strings = byId("strings").dataset;
const keys = new Keys(JSON.parse(byId("preferences").textContent));
const dwell = new Dwell();

function text(key, values = {}) {
  return (strings[key] ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

function say(key, values) { byId("announcer").textContent = text(key, values); }

function problem(sentence) {
  byId("problem").textContent = sentence;
  byId("problem").hidden = !sentence;
}

const modules = modulesOf(byId("workbench"), form, { say, text, problem });
dwell.restart(Number(form.elements.dwell_ms.value) || 0);
keys.label(document);

form.addEventListener("submit", (event) => {
  const missing = modules.map((module) => module.check()).find((sentence) => sentence);
  if (missing || form.dataset.sent) {
    event.preventDefault();
    if (missing) problem(missing);
    return;
  }
  form.elements.dwell_ms.value = dwell.milliseconds();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => { delete form.dataset.sent; });
document.addEventListener("change", () => problem(""));

const ACTIONS = {
  submit: () => form.requestSubmit(),
  "all-bad": () => form.elements.all_bad?.click(),
  reason: () => byId("reason")?.focus(),
  raw: () => setRaw(document.querySelector("[data-raw]")?.getAttribute("aria-pressed") !== "true"),
};

document.addEventListener("keydown", (event) => {
  const action = keys.actionOf(event);
  if (action?.name === "leave-field") return event.target.blur();
  if (!action && event.key === "Escape" && !event.isComposing) return byId("leave-form").requestSubmit();
  if (!action) return;
  if (ACTIONS[action.name]) ACTIONS[action.name]();
  else if (!modules.some((module) => module.act(action))) return;
  event.preventDefault();
});

function setRaw(raw) {
  for (const button of document.querySelectorAll("[data-raw]")) {
    button.setAttribute("aria-pressed", String(raw));
    button.textContent = raw ? strings.rendered : strings.raw;
    const card = button.closest("[data-response]");
    card.querySelector(".response-text").hidden = raw;
    card.querySelector(".prose-raw").hidden = !raw;
  }
}

document.addEventListener("click", async (event) => {
  const raw = event.target.closest("[data-raw]");
  if (raw) return setRaw(raw.getAttribute("aria-pressed") !== "true");
  const copy = event.target.closest("[data-copy]");
  if (copy) await navigator.clipboard.writeText(copy.closest("[data-response]").querySelector(".prose-raw").textContent);
});

byId("prompt").focus({ preventScroll: true });
