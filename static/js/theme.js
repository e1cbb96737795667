// Runs before the first paint, so that a chosen colour theme never flashes. `auto` follows the system.
(() => {
  document.documentElement.classList.add("js"); // .needs-js and .no-js in the stylesheet
  const KEY = "plumbline-theme";
  let choice = "auto";
  try { choice = localStorage.getItem(KEY) || "auto"; } catch { /* storage refused: follow the system */ }
  const apply = (theme) => {
    if (theme === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
  };
  apply(choice);
  window.plumblineTheme = {
    get: () => choice,
    set: (theme) => {
      choice = theme;
      apply(theme);
      try { localStorage.setItem(KEY, theme); } catch { /* lasts until the page is left */ }
      document.dispatchEvent(new CustomEvent("plumbline:theme"));
    },
  };
})();
