// A reviewer's keys: through the queue, and what to do with the comparison on screen. Every key presses a button or a
// link that is there without this file.

const TEXT = "textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=hidden]), [contenteditable]";
const singleKeysWork = document.querySelector("[data-single-keys]")?.dataset.singleKeys !== "off";

function isOurs(event) {
  const target = event.target instanceof Element ? event.target : document.body;
  return !(event.isComposing || event.keyCode === 229 || event.defaultPrevented || event.repeat || event.ctrlKey
    || event.metaKey || event.altKey || event.shiftKey || target.matches(TEXT));
}

/** One link of the queue further or back; from nowhere, the first. */
function step(by) {
  const links = [...document.querySelectorAll("[data-list] h2 a")];
  const at = links.indexOf(document.activeElement);
  links[at === -1 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
  return links.length > 0;
}

/** Open the comment for the judgment with this number, and go there. */
function beginReturn(number) {
  const details = document.querySelector(`[data-return="${number}"]`);
  if (!details) return false;
  details.open = true;
  details.querySelector("textarea").focus();
  details.scrollIntoView({ block: "nearest" });
  return true;
}

function press(code) {
  const control = document.querySelector(`[data-key="${code}"]`);
  if (control instanceof HTMLFormElement) control.requestSubmit();
  else control?.click();
  return control !== null;
}

function act(code) {
  if (code === "KeyJ") return step(1);
  if (code === "KeyK") return step(-1);
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1];
  return digit ? beginReturn(digit) : press(code);
}

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.(".return-form");
  if (form && event.key === "Escape") {
    form.closest("details").open = false;
    form.closest("details").querySelector("summary").focus();
    event.preventDefault();
  } else if (form && event.code === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
    form.requestSubmit();
    event.preventDefault();
  } else if (singleKeysWork && isOurs(event) && act(event.code)) {
    event.preventDefault();
  }
});

// A second press before the answer is here sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

document.querySelector("[aria-invalid='true']")?.focus();
