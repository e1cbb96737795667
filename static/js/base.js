// What every page shares: the theme switch, menus that close, confirmation before something cannot be taken back.

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === window.plumblineTheme.get()));
  }
}

for (const group of document.querySelectorAll("[data-theme-switch]")) group.hidden = false;
showTheme();

document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme-choice]");
  if (choice) {
    window.plumblineTheme.set(choice.dataset.themeChoice);
    showTheme();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Logging out takes what the workbench put away in this browser for reading with it; answers that wait stay.
document.addEventListener("submit", (event) => {
  if (!event.target.action?.endsWith?.("/accounts/logout/")) return;
  indexedDB.deleteDatabase("plumbline-reserve");
  window.caches?.delete("plumbline-workbench");
});

// <form data-confirm="Delete this token? Scripts that use it stop working.">
document.addEventListener("submit", (event) => {
  const sentence = event.target.dataset?.confirm;
  if (sentence && !window.confirm(sentence)) event.preventDefault();
});
