// The workbench: shows one comparison after another out of the reserve, and puts answers into the outbox. The page works
// without this file; everything here makes it quicker or keeps an answer from being lost.

import { correct, Draft, fill } from "./draft.js";
import { Dwell } from "./dwell.js";
import { modulesOf } from "./instruments.js";
import { Keys } from "./keyboard.js";
import { Lease } from "./lease.js";
import { Notice } from "./notice.js";
import { workOffline } from "./offline.js";
import { headersFor, newId, Outbox } from "./outbox.js";
import { Progress } from "./progress.js";
import { Reading } from "./reading.js";
import { Refusals } from "./refusals.js";
import { Reserve } from "./reserve.js";
import { Rest } from "./rest.js";
import { Sheets } from "./sheets.js";
import { Trouble } from "./trouble.js";

const byId = (id) => document.getElementById(id);
const strings = byId("strings").dataset;
const settings = byId("settings").dataset; // what holds for the whole page: addresses, the length of a lease
const preferences = JSON.parse(byId("preferences").textContent);
const { person, project } = settings;
const AHEAD_KEY = `plumbline-ahead:${person}`;
const AHEAD = 3;
const AHEAD_OFFLINE = 50;

const dwell = new Dwell();
const keys = new Keys(preferences);
const outbox = new Outbox(person);
const draft = new Draft(person);
const notice = new Notice(byId("notice"));
const reading = new Reading(person, text);
const progress = new Progress(text);
const sheets = new Sheets({ person, text, opened: showHeld });
const trouble = new Trouble({ notice, text, login: settings.login });
const seconds = Number(settings.leaseSeconds);
const reserve = new Reserve({ person, project, url: settings.reserve, seconds, answered: () => outbox.assignments });
const refusals = new Refusals({ project, outbox, reserve, notice, draft, text, onScreen, show, problem, goOn });
const rest = new Rest({ person, dwell, minutes: preferences.break_minutes, remind: remindOfBreak });
new Lease({ person, url: settings.heartbeat, seconds, dwell, renewed: (held) => reserve.reconcile(held, onScreen()) });

let modules = []; // of the form on screen: see instruments.js
let isStuck = false; // answered, and nothing more to show yet
let isTouched = false; // somebody changed the form on screen
let acknowledged = 0; // answers of which the server has said that they are stored
let turns = 0; // how often something else was asked to come on screen: who finds another number has come too late

function text(key, values = {}) {
  return strings[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

function say(key, values) { byId("announcer").textContent = text(key, values); }

function problem(sentence) {
  const line = byId("problem");
  if (!line) return;
  line.textContent = sentence;
  line.hidden = !sentence;
}

function onScreen() { return byId("workbench").dataset.assignment; }

/** What waits of this project, and whether it is an answer to `assignment`. */
const waiting = () => outbox.waiting.filter((entry) => entry.project === project);
const isGiven = (assignment) => outbox.waiting.some((entry) => entry.assignment === assignment);
const showProgress = () => progress.show(byId("workbench"), waiting().filter((entry) => entry.kind === "answer").length);

// ---- what is on screen --------------------------------------------------------------------------------------------

/** The comparison that stands in the page: its form filled, its keys and its clock working. `answer`: what to fill in. */
function arrive(answer = null) {
  const root = byId("workbench");
  const form = byId("answer");
  isStuck = false;
  isTouched = Boolean(answer);
  notice.attach(root);
  notice.clear("left");
  keys.label(root);
  const kept = form && (answer ?? draft.get(onScreen()));
  if (kept) fill(form, kept.fields);
  modules = form ? modulesOf(root, form, { say, text, problem }) : [];
  reading.arrive(root);
  dwell.restart(kept?.dwellMs ?? (Number(form?.elements.dwell_ms.value) || 0));
  showProgress();
  showSaved();
  refillSoon();
}

/** Put a rendered comparison in the place of the one on screen. */
function put(html, answer = null) {
  turns += 1;
  const template = document.createElement("template");
  template.innerHTML = html;
  byId("workbench").replaceWith(template.content.querySelector("#workbench"));
  arrive(answer);
  window.scrollTo(0, 0);
  (document.querySelector("[data-autofocus]") ?? byId("prompt"))?.focus({ preventScroll: true });
}

/** Before another comparison comes: what was begun on this one is kept. */
function setAside() {
  if (isTouched) keepDraft();
}

function show(item, answer = null) {
  setAside();
  put(item.html, answer);
}

/** The next one: what was refused first, then the reserve, then whatever the server has. */
async function goOn() {
  const turn = (turns += 1);
  await reserve.ready;
  if (turn !== turns) return;
  const left = onScreen();
  const refused = refusals.next;
  if (refused) return refusals.bringBack(refused);
  let [item] = reserve.ahead(left);
  if (item && !(reserve.hasExpired(item) && navigator.onLine)) return show(item);
  wait(); // nothing may change the answer that was just given
  await outbox.flush();
  await refill();
  if (turn !== turns) return;
  [item] = reserve.ahead(left);
  if (item) return show(item);
  if (!outbox.waiting.length && await visit(settings.next)) return;
  if (outbox.waiting.length) notice.set("left", text(navigator.onLine ? "trouble" : "offline"));
}

function wait() {
  const form = byId("answer");
  if (form) form.inert = true;
  isStuck = true;
}

/** Ask the server what it shows; true when it showed something. */
async function visit(url, method = "GET") {
  try {
    const response = await fetch(url, { method, headers: headersFor(person), redirect: "error" });
    if (response.status === 401 || response.status === 412) return trouble.tell(response.status === 401 ? "login" : "somebody");
    const elsewhere = response.headers.get("HX-Redirect"); // new guidelines to accept, say
    if (response.ok && elsewhere) return location.assign(elsewhere);
    const html = await response.text();
    if (!html.includes('id="workbench"')) return trouble.tell("server");
    const page = new DOMParser().parseFromString(html, "text/html").getElementById("workbench");
    progress.hear(page.dataset);
    const id = page.dataset.assignment;
    if (id) {
      reserve.reopen(id);
      if (method === "POST") draft.clear(id); // undo: the answer that stands, not what was once begun
      reserve.put(id, page.outerHTML, 0);
    }
    setAside();
    put(page.outerHTML);
    return true;
  } catch {
    return trouble.tell("offline");
  }
}

// ---- the reserve --------------------------------------------------------------------------------------------------

function ahead() {
  try { return Number(localStorage.getItem(AHEAD_KEY)) || AHEAD; } catch { return AHEAD; }
}

let refilling = null;

/** One request at a time: who wants more while it is under way waits for its answer, which may count less than we do. */
function refill() {
  refilling ??= askForMore().finally(() => { refilling = null; });
  return refilling;
}

async function askForMore() {
  const wanted = waiting().length + 1 + ahead();
  const before = outbox.waiting.length ? NaN : acknowledged;
  const answer = await reserve.refill(wanted, onScreen());
  if (answer) trouble.isOver();
  if (answer && reserve.hasMore) refillSoon(); // more may have been wanted meanwhile
  if (answer && before === acknowledged && !outbox.waiting.length) progress.hear(answer); // it counted what we count
  showHeld();
}

let refillTimer = null;

/** When there is time, and when more than half of what should be ahead is used up. */
function refillSoon() {
  clearTimeout(refillTimer);
  refillTimer = setTimeout(() => {
    if (!navigator.onLine || reserve.ahead(onScreen()).length > ahead() / 2) return;
    (window.requestIdleCallback ?? setTimeout)(refill);
  }, 50);
}

function showHeld() {
  const line = document.querySelector("[data-held-line]");
  if (line) line.textContent = text("held", { n: reserve.ahead(onScreen()).length });
}

// ---- giving an answer ---------------------------------------------------------------------------------------------

function giveAnswer(form) {
  for (const module of modules) {
    const missing = module.check();
    if (missing) return problem(missing);
  }
  form.elements.dwell_ms.value = dwell.milliseconds();
  leave("answer", form, form.elements.client_id.value || newId());
}

/** What the form says goes into the outbox, and the next comparison comes. */
function leave(kind, form, id) {
  const assignment = onScreen();
  const body = [...new FormData(form).entries()].filter(([name, value]) => name !== "csrfmiddlewaretoken" && typeof value === "string");
  clearTimeout(drafting);
  for (const open of document.querySelectorAll("details.menu[open]")) open.open = false;
  outbox.keep({ id, kind, project, assignment, url: form.getAttribute("action"), body });
  if (kind === "answer") draft.clear(assignment); // a skip may be taken back
  notice.clear("refused");
  goOn();
  setTimeout(() => outbox.flushSoon(0), 16); // after the next one is painted
}

let isUndoing = false;

/** The last answer again: out of the outbox while it waits there, else back from the server. */
async function undo() {
  if (isUndoing) return;
  isUndoing = true;
  try {
    const last = await outbox.takeBack(project);
    const item = last && reserve.get(last.assignment);
    if (!last) await visit(settings.undo, "POST");
    else if (!item) outbox.keep(last); // its page is gone from this browser: it stays an answer
    else takenBack(last, item);
  } finally {
    isUndoing = false;
  }
}

function takenBack(last, item) {
  const isAnswer = last.kind === "answer";
  show(item, isAnswer ? { fields: last.body, dwellMs: Number(new Map(last.body).get("dwell_ms")) || 0 } : null);
  const form = byId("answer");
  form.elements.client_id.value = newId();
  if (last.isTried && isAnswer) correct(form, last.id);
  keepDraft();
  say("undone");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const act = { answer: () => giveAnswer(form), "skip-form": () => leave("skip", form, newId()), "undo-form": undo }[form.id];
  if (!act) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!isStuck || form.id === "undo-form") act();
}, true);

// ---- drafts -------------------------------------------------------------------------------------------------------

let drafting = null;

function keepDraft() {
  const form = byId("answer");
  if (!form || form.inert || isGiven(onScreen())) return false;
  return draft.save(form, onScreen(), dwell.milliseconds());
}

function changed(event) {
  if (!event.target.closest?.("#answer")) return;
  isTouched = true;
  clearTimeout(drafting);
  drafting = setTimeout(() => {
    if (keepDraft() && event.target.matches("textarea, input[type=text]")) showSaved("drafted");
  }, 300);
}

for (const name of ["input", "change"]) document.addEventListener(name, changed);
document.addEventListener("change", () => problem(""));
window.addEventListener("pagehide", () => isTouched && keepDraft());

// ---- what became of the answers -----------------------------------------------------------------------------------

/** True always: how many answers wait, whether one is on its way, or that everything is saved. */
function showSaved(quietly = "") {
  const line = byId("saved");
  if (!line) return;
  const waiting = outbox.waiting.length;
  const isMoment = waiting === 1 && outbox.isOnFirstTry;
  line.textContent = waiting ? (isMoment ? text("sending") : text("waiting", { n: waiting })) : text(quietly || "saved");
  line.classList.toggle("is-waiting", waiting > 0 && !isMoment);
}

for (const source of [outbox, reserve]) source.addEventListener("trouble", ({ detail }) => trouble.tell(detail.kind));
outbox.addEventListener("change", () => {
  showSaved();
  showProgress();
  notice.set("unkept", outbox.unkept.size ? text("unkept") : "");
});
outbox.addEventListener("sent", ({ detail: { entry, answer } }) => {
  trouble.isOver();
  acknowledged += 1;
  if (entry.project !== project) return;
  reserve.drop(entry.assignment);
  draft.clear(entry.assignment);
  progress.hear({ doneToday: answer.done_today });
  showProgress();
  if (outbox.waiting.length) return;
  if (isStuck) goOn();
  else refillSoon();
});
outbox.addEventListener("refused", () => {
  if (isStuck || !byId("answer")) goOn();
  else refusals.tell();
});
// Two tabs of one person: what the other one answers needs no answer here.
outbox.addEventListener("elsewhere", ({ detail: { entry } }) => {
  if (entry.assignment !== onScreen()) return;
  say("elsewhere");
  draft.clear(entry.assignment);
  isTouched = false;
  goOn();
});
outbox.addEventListener("gone", ({ detail: { entry } }) => {
  if (entry.assignment !== onScreen()) reserve.items.delete(entry.assignment);
});

// ---- keys ---------------------------------------------------------------------------------------------------------

const ACTIONS = {
  submit: () => byId("answer")?.requestSubmit(),
  undo: () => (document.querySelector(".undo:disabled") ? null : byId("undo-form").requestSubmit()),
  skip: openSkip,
  "all-bad": () => document.querySelector("input[name=all_bad]")?.click(),
  reason: () => byId("reason")?.focus(),
  guidelines: () => sheets.open("guidelines"),
  help: () => sheets.open("help"),
  raw: () => reading.press("raw"),
  diff: () => reading.press("differs"),
  draft: () => keepDraft() && (showSaved("drafted"), say("drafted")),
};
const ALWAYS = new Set(["help", "guidelines", "draft", "undo"]);

document.addEventListener("keydown", (event) => {
  const action = keys.actionOf(event);
  if (!action) return;
  if (action.name === "leave-field") return event.target.blur();
  if (byId("answer")?.inert && !ALWAYS.has(action.name)) return;
  const { name } = action;
  if (ACTIONS[name]) ACTIONS[name]();
  else if (modules.some((module) => module.act(action))) problem("");
  else if (!reading.scroll(name)) return;
  event.preventDefault();
});

function openSkip() {
  const menu = document.querySelector(".skip-menu");
  if (!menu) return;
  menu.open = true;
  menu.querySelector("input").focus();
}

// ---- tools and settings -------------------------------------------------------------------------------------------

document.addEventListener("plumbline:preferences", ({ detail }) => {
  keys.set(detail);
  keys.label(document);
  rest.minutes = detail.break_minutes;
});

document.addEventListener("click", async (event) => {
  const again = event.target.closest("[data-again]");
  if (again && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    return reserve.ahead(onScreen()).length ? goOn() : visit(settings.next);
  }
  const tool = event.target.closest("[data-raw], [data-reading]");
  if (tool) return reading.press(tool.dataset.reading ?? "raw");
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.closest("[data-response]").querySelector(".prose-raw").textContent);
    const word = copy.textContent;
    copy.textContent = strings.copied;
    setTimeout(() => { copy.textContent = word; }, 1500);
  }
});

function remindOfBreak() {
  const taken = () => { rest.taken(); notice.clear("break"); };
  notice.set("break", text("break", { n: rest.minutes }), [{ label: text("goOn"), press: taken }]);
}

const aheadSwitch = document.querySelector("[data-ahead-switch]");
aheadSwitch.checked = ahead() > AHEAD;
aheadSwitch.addEventListener("change", () => {
  try { localStorage.setItem(AHEAD_KEY, aheadSwitch.checked ? AHEAD_OFFLINE : AHEAD); } catch { /* the usual number */ }
  workOffline(aheadSwitch.checked, settings.next, person);
  refillSoon();
});

// Back from being offline, asleep or at the login: what is held here may have changed meanwhile.
addEventListener("online", refill);
addEventListener("focus", () => trouble.isThere && refill());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && reserve.ahead(onScreen()).some((item) => reserve.hasExpired(item))) refill();
});

/** Opened without a connection: what lies ready comes on screen; when nothing does, the page says so. */
async function openFromReserve() {
  await reserve.ready;
  if (refusals.next || reserve.ahead().length) goOn();
}

// ---- begin --------------------------------------------------------------------------------------------------------

const first = byId("workbench");
if (onScreen()) reserve.put(onScreen(), first.outerHTML, 0);
progress.hear(first.dataset);
arrive();
if (isGiven(onScreen())) goOn(); // answered, but the server does not know it yet
else if (document.querySelector("[data-shell]")) openFromReserve();
else reserve.ready.then(() => (byId("answer") ? refusals.tell() : refusals.next && goOn()));
outbox.flushSoon(0);
reserve.ready.then(() => (window.requestIdleCallback ?? setTimeout)(() => navigator.onLine && refill()));
if (ahead() > AHEAD && navigator.onLine) addEventListener("load", () => workOffline(true, settings.next, person));
