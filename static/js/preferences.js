// The form of keys and break reminder: a line takes the key that is pressed on it; whatever changes is saved at once.

import { csrfToken } from "./outbox.js";
import { nameOf } from "./keyboard.js";

const PASS = new Set(["Tab", "Escape", "ShiftLeft", "ShiftRight", "ControlLeft", "ControlRight", "AltLeft", "AltRight", "MetaLeft", "MetaRight"]);

const formOf = (node) => node.closest?.("[data-workbench-preferences]");

/** The field shows what stands on the key; the name that is sent lies beside it. */
export function dress(form) {
  for (const field of form.querySelectorAll(".key-field")) {
    if (field.dataset.code !== undefined) continue;
    const sent = document.createElement("input");
    Object.assign(sent, { type: "hidden", name: field.name, value: field.value });
    field.after(sent);
    field.removeAttribute("name");
    field.readOnly = true;
    set(field, field.value);
  }
}

function set(field, code) {
  field.dataset.code = code;
  field.nextElementSibling.value = code;
  field.value = code ? nameOf(code) : "–";
}

function complain(form, sentence) {
  const line = form.querySelector("[data-problem]");
  line.textContent = sentence;
  line.hidden = !sentence;
}

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.(".key-field[readonly]") || event.isComposing || PASS.has(event.code) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const same = [...formOf(field).querySelectorAll(".key-field")].find((other) => other !== field && other.dataset.code === event.code);
  if (same) return complain(formOf(field), field.form.dataset.conflict.replace("{key}", nameOf(event.code)).replace("{action}", same.labels[0].textContent));
  complain(formOf(field), "");
  set(field, event.code);
  formOf(field).requestSubmit();
});

document.addEventListener("change", (event) => formOf(event.target)?.requestSubmit());

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-usual-keys]")) return;
  for (const field of formOf(event.target).querySelectorAll(".key-field")) set(field, field.dataset.usual);
  complain(formOf(event.target), "");
  formOf(event.target).requestSubmit();
});

document.addEventListener("submit", async (event) => {
  const form = formOf(event.target);
  if (!form) return;
  event.preventDefault();
  const line = form.querySelector("[data-done]");
  line.textContent = "";
  try {
    const response = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true,
      headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true", Accept: "application/json" },
    });
    const answer = await response.json();
    complain(form, response.ok ? "" : answer.message);
    if (!response.ok) return;
    line.textContent = line.dataset.saved;
    document.dispatchEvent(new CustomEvent("plumbline:preferences", { detail: answer }));
  } catch {
    complain(form, line.dataset.offline);
  }
});

for (const form of document.querySelectorAll("[data-workbench-preferences]")) dress(form);
