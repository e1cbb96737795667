// From a key press to the name of what it asks for. Physical keys (event.code), because a Hangul or Cyrillic layout
// changes event.key; silent while text is typed or composed, with a modifier held, or inside a dialog.

const TEXT = "textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=hidden]), [contenteditable]";

// What holds whatever a person has set: places, arrows in a list, and second keys for what the usual ones ask.
const ALWAYS = { ArrowUp: "up", ArrowDown: "down", PageUp: "page-up", PageDown: "page-down" };
const SECOND = { Numpad0: "tie", Equal: "tie", NumpadEqual: "tie", NumpadEnter: "submit" };
const SHIFTED = { ArrowUp: "move-up", ArrowDown: "move-down", Digit1: "much-first", Digit2: "much-second", Slash: "help" };
const DIGITS = { first: 1, second: 2 };
const STEPS = { 1: "first", 2: "second", 0: "tie", "←": "towards-a", "→": "towards-b" }; // usual keys on the scale
const ONCE = new Set(["submit", "undo", "skip", "all-bad", "raw", "diff", "guidelines", "help"]);
const NAMES = { Enter: "⏎", NumpadEnter: "⏎", ArrowLeft: "←", ArrowRight: "→", Backspace: "⌫", Minus: "-", Equal: "=", BracketLeft: "[",
  BracketRight: "]", Backslash: "\\", Semicolon: ";", Quote: "'", Backquote: "`", Comma: ",", Period: ".", Slash: "/" };

/** What stands on a key, as far as its place tells. */
export function nameOf(code) {
  return NAMES[code] ?? code.replace(/^Key/, "").replace(/^Digit/, "").replace(/^Numpad/, "Num ").toLowerCase();
}

export class Keys {
  /** `preferences`: {keys: {action: code}, single_keys}. */
  constructor(preferences) { this.set(preferences); }

  set({ keys, single_keys: singleKeys }) {
    this.codes = keys;
    this.singleKeysWork = singleKeys;
    this.actions = new Map(Object.entries(keys).filter(([, code]) => code).map(([action, code]) => [code, action]));
  }

  /** Write the person's own keys onto the page. */
  label(root) {
    for (const key of root.querySelectorAll(".step kbd:not([data-key])")) key.dataset.key = STEPS[key.textContent] ?? "";
    for (const key of root.querySelectorAll("[data-key]")) {
      const code = this.codes[key.dataset.key];
      if (code) key.textContent = nameOf(code);
    }
  }

  /** The action a key press asks for, as {name, digit}, or null when the press belongs to somebody else. */
  actionOf(event) {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return null;
    const target = event.target instanceof Element ? event.target : document.body;
    const isText = target.matches(TEXT);
    if (isText && event.key === "Escape") return { name: "leave-field" };
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !document.querySelector("dialog[open]")) {
      if (event.code === "Enter") return { name: "submit" };
      if (event.code === "KeyS" && !event.shiftKey) return { name: "draft" };
      if (event.code === "KeyZ" && !event.shiftKey && !isText && !event.repeat) return { name: "undo" };
    }
    if (isText || event.ctrlKey || event.metaKey || event.altKey) return null;
    if (document.querySelector("dialog[open]") || !this.singleKeysWork) return null;
    const digit = event.shiftKey ? undefined : /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    const own = this.actions.get(event.code);
    const plain = own ?? ALWAYS[event.code] ?? SECOND[event.code] ?? (digit ? "digit" : undefined);
    let name = event.shiftKey ? SHIFTED[event.code] : plain;
    if (!name && event.key === "?") name = "help";
    if (!name || (event.repeat && ONCE.has(name))) return null;
    if (name === "submit" && target.closest("button, a, summary")) return null;
    if (name in DIGITS) return { name: "digit", digit: DIGITS[name] };
    return { name, digit: digit ? Number(digit) : undefined };
  }
}
