// The workbench: wires keys, ranking, dwell time, lease and outbox to whatever comparison is on screen. The page works
// without this file; everything here makes it quicker or keeps an answer from being lost.

import { Draft } from "./draft.js";
import { Dwell } from "./dwell.js";
import { actionOf, setSingleKeys, singleKeysWork } from "./keyboard.js";
import { Lease } from "./lease.js";
import { csrfToken, Outbox } from "./outbox.js";
import { Pair } from "./pair.js";
import { Ranking } from "./ranking.js";

const byId = (id) => document.getElementById(id);
const strings = byId("strings").dataset;
const dwell = new Dwell();
const lease = new Lease(dwell);
const outbox = new Outbox(byId("workbench").dataset.person);
const draft = new Draft(byId("workbench").dataset.person);
let pair = null;
let ranking = null;
let confirmed = false;

function text(key, values = {}) {
  return strings[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

function say(key, values) {
  byId("announcer").textContent = text(key, values);
}

function problem(sentence) {
  const line = byId("problem");
  if (!line) return;
  line.textContent = sentence;
  line.hidden = !sentence;
}

// ---- what is on screen --------------------------------------------------------------------------------------------

function arrive() {
  const root = byId("workbench");
  const form = byId("answer");
  const spent = form ? draft.restore(form, root.dataset.assignment) : 0;
  pair = root.dataset.kind === "pair" ? new Pair(form) : null;
  ranking = root.dataset.kind === "ranking" ? new Ranking(byId("ranking"), { say, text }) : null;
  confirmed = false;
  dwell.restart(Number(form?.elements.dwell_ms.value) || spent);
  lease.watch(root);
  showSaved();
  if (form && outbox.entries().some((entry) => entry.url === form.getAttribute("action"))) hold(form);
}

/** The answer on screen is on its way: nothing may change it now. */
function hold(form) { form.inert = true; }

function showSaved() {
  const line = byId("saved");
  if (!line) return;
  const waiting = outbox.waiting.length;
  line.textContent = waiting ? text("waiting", { n: waiting }) : text("saved");
  line.classList.toggle("is-waiting", waiting > 0);
}

function next() {
  htmx.ajax("GET", byId("workbench").dataset.next, { target: "#workbench", swap: "outerHTML" });
}

// ---- sending ------------------------------------------------------------------------------------------------------

// Before htmx and the browser read the form: dwell time in, an unfinished or untouched ranking out.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "answer") return;
  const allBad = form.elements.all_bad?.checked;
  if (pair && pair.chosen === -1 && !allBad) return refuse(event, strings.missing);
  if (ranking?.unranked.length && !(allBad && !ranking.touched)) {
    if (ranking.touched) {
      ranking.unranked[0].focus();
      return refuse(event, text("unranked", { letters: ranking.unranked.map((card) => card.dataset.letter).join(", ") }));
    }
    if (!confirmed) {
      confirmed = true;
      return refuse(event, strings.untouched);
    }
    ranking.takeAsShown();
  }
  form.elements.dwell_ms.value = dwell.milliseconds();
}, true);

function refuse(event, sentence) {
  event.preventDefault();
  event.stopImmediatePropagation();
  problem(sentence);
}

let drafting = null;

function changed() {
  confirmed = false;
  clearTimeout(drafting);
  drafting = setTimeout(() => {
    const form = byId("answer");
    if (form && !form.inert) draft.save(form, byId("workbench").dataset.assignment, dwell.milliseconds());
  }, 300);
}

for (const name of ["input", "change", "ranking:changed"]) document.addEventListener(name, changed);
document.addEventListener("change", () => problem(""));

document.body.addEventListener("htmx:configRequest", (event) => {
  const token = csrfToken(); // the page may be older than the login
  if (!token) return;
  event.detail.headers["X-CSRFToken"] = token;
  event.detail.formData.delete("csrfmiddlewaretoken");
});

// Only an answer carries a client id. After the swap its form is gone, so the request itself is asked.
const answerId = (event) => event.detail.requestConfig?.formData?.get("client_id") ?? null;

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const id = answerId(event);
  if (!id) return;
  clearTimeout(drafting);
  draft.clear(); // from here on it is the outbox that keeps it
  const { formData, path } = event.detail.requestConfig;
  outbox.keep({ id, url: path, body: [...formData.entries()].filter(([name]) => name !== "csrfmiddlewaretoken") });
});

document.body.addEventListener("htmx:afterRequest", (event) => {
  const id = answerId(event);
  if (!id) return;
  const { xhr } = event.detail;
  if ((xhr.status >= 200 && xhr.status < 300) || [409, 422].includes(xhr.status)) {
    outbox.drop(id);
    return;
  }
  const form = byId("answer");
  if (form) hold(form);
  problem(xhr.status === 0 ? strings.offline : xhr.status === 401 ? strings.login : strings.trouble);
  outbox.park(id);
});

outbox.addEventListener("change", showSaved);
outbox.addEventListener("login", () => problem(strings.login));
outbox.addEventListener("sent", ({ detail }) => {
  say("sent");
  if (byId("answer")?.getAttribute("action") === detail.url || !byId("answer")) next();
});
outbox.addEventListener("refused", ({ detail }) => {
  say("refused");
  if (byId("answer")?.getAttribute("action") === detail.entry.url) next();
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "workbench" && event.detail.elt?.id !== "workbench") return;
  const failed = event.detail.xhr.status === 422;
  htmx.process(byId("workbench")); // now, not when it settles: a quick Enter in between would load a whole page
  arrive();
  if (failed) return;
  window.scrollTo(0, 0);
  (document.querySelector("[data-autofocus]") ?? byId("prompt"))?.focus({ preventScroll: true });
});

// ---- keys ---------------------------------------------------------------------------------------------------------

const ACTIONS = {
  submit: () => byId("answer")?.requestSubmit(),
  undo: () => !document.querySelector(".undo:disabled") && byId("undo-form").requestSubmit(),
  skip: openSkip,
  "all-bad": () => document.querySelector("input[name=all_bad]")?.click(),
  reason: () => byId("reason")?.focus(),
  guidelines: () => openDialog("guidelines"),
  help: () => openDialog("help"),
  raw: () => setRaw(document.querySelector("[data-raw]")?.getAttribute("aria-pressed") !== "true"),
};

document.addEventListener("keydown", (event) => {
  const action = actionOf(event);
  if (!action) return;
  if (action.name === "leave-field") return event.target.blur();
  if (byId("answer")?.inert && !["help", "guidelines"].includes(action.name)) return;
  const done = ACTIONS[action.name] ? (ACTIONS[action.name](), true) : pair?.act(action) || rank(action);
  if (done) event.preventDefault();
});

/** What a key means for the list; arrows move the focus only once it is in the list, so that the page still scrolls. */
function rank({ name, digit }) {
  if (!ranking) return false;
  const inList = byId("ranking").contains(document.activeElement);
  if (name === "digit") ranking.place(ranking.current, digit);
  else if (name === "next-card" || (name === "down" && inList)) ranking.step(1);
  else if (name === "previous-card" || (name === "up" && inList)) ranking.step(-1);
  else if (name === "move-up" && inList) ranking.move(ranking.current, "up");
  else if (name === "move-down" && inList) ranking.move(ranking.current, "down");
  else if (name === "tie" && inList) ranking.move(ranking.current, "tie");
  else return false;
  problem("");
  return true;
}

function openSkip() {
  const menu = document.querySelector(".skip-menu");
  if (!menu) return;
  menu.open = true;
  menu.querySelector("input").focus();
}

// ---- dialogs and tools --------------------------------------------------------------------------------------------

function openDialog(id) {
  const dialog = byId(id);
  const slot = dialog.querySelector("[data-loads]");
  const version = document.querySelector(`[data-opens="${id}"]`)?.dataset.version;
  if (slot && slot.dataset.version !== version) {
    slot.dataset.version = version;
    htmx.ajax("GET", slot.dataset.loads, { target: slot, swap: "innerHTML" });
  }
  dialog.showModal();
}

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
  const opener = event.target.closest("[data-opens]");
  if (opener && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    return openDialog(opener.dataset.opens);
  }
  const raw = event.target.closest("[data-raw]");
  if (raw) return setRaw(raw.getAttribute("aria-pressed") !== "true");
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.closest("[data-response]").querySelector(".prose-raw").textContent);
    const word = copy.textContent;
    copy.textContent = strings.copied;
    setTimeout(() => { copy.textContent = word; }, 1500);
  }
  if (event.target.matches("dialog")) event.target.close(); // a click beside it
});

const keysSwitch = document.querySelector("[data-keys-switch]");
keysSwitch.checked = singleKeysWork();
keysSwitch.addEventListener("change", () => setSingleKeys(keysSwitch.checked));

arrive();
outbox.flushSoon(0);
