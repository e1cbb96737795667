// From a key press to the name of what it asks for. Physical keys (event.code), because a Hangul or Cyrillic layout
// changes event.key; silent while text is typed or composed, with a modifier held, or inside a dialog.

const KEY = "plumbline-single-keys";
const TEXT = "textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=hidden]), [contenteditable]";

const PLAIN = {
  KeyB: "all-bad", KeyC: "reason", KeyG: "guidelines", KeyJ: "next-card", KeyK: "previous-card", KeyR: "raw",
  KeyS: "skip", KeyU: "undo", Digit0: "tie", Numpad0: "tie", Equal: "tie", NumpadEqual: "tie", Enter: "submit",
  NumpadEnter: "submit", ArrowLeft: "towards-a", ArrowRight: "towards-b", ArrowUp: "up", ArrowDown: "down",
};
const SHIFTED = { ArrowUp: "move-up", ArrowDown: "move-down", Digit1: "much-a", Digit2: "much-b" };
const ONCE = new Set(["submit", "undo", "skip", "all-bad", "raw", "guidelines", "help"]);

export function singleKeysWork() {
  try { return localStorage.getItem(KEY) !== "off"; } catch { return true; }
}

export function setSingleKeys(work) {
  try { localStorage.setItem(KEY, work ? "on" : "off"); } catch { /* lasts until the page is left */ }
}

/** The action a key press asks for, as {name, digit}, or null when the press belongs to somebody else. */
export function actionOf(event) {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return null;
  const target = event.target instanceof Element ? event.target : document.body;
  const isText = target.matches(TEXT);
  if (isText && event.key === "Escape") return { name: "leave-field" };
  if ((event.ctrlKey || event.metaKey) && event.code === "Enter") return { name: "submit" };
  if (isText || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (document.querySelector("dialog[open]") || !singleKeysWork()) return null;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  let name = event.shiftKey ? SHIFTED[event.code] : PLAIN[event.code] ?? (digit ? "digit" : undefined);
  if (!name && (event.key === "?" || (event.shiftKey && event.code === "Slash"))) name = "help";
  if (!name || (event.repeat && ONCE.has(name))) return null;
  if (name === "submit" && target.closest("button, a, summary")) return null;
  return { name, digit: digit ? Number(digit) : undefined };
}
