// What rendered text wants of a script. Blocks that scroll sideways come into the tab order, so that a keyboard can scroll
// them, and only those; documents are folded where they stand above the responses instead of beside the prompt.

const SCROLLERS = ".prose pre, .wide, .question > .prompt, .documents";
const beside = matchMedia("(min-width: 64rem)");
let due = 0;

function look() {
  due = 0;
  for (const block of document.querySelectorAll(SCROLLERS)) {
    const scrolls = block.scrollWidth > block.clientWidth + 1 || block.scrollHeight > block.clientHeight + 1;
    if (scrolls && block.tabIndex !== 0) {
      block.dataset.tabindex = block.getAttribute("tabindex") ?? "";
      block.tabIndex = 0;
    } else if (!scrolls && block.dataset.tabindex !== undefined) {
      if (block.dataset.tabindex) block.setAttribute("tabindex", block.dataset.tabindex);
      else block.removeAttribute("tabindex");
      delete block.dataset.tabindex;
    }
  }
}

function lookSoon() {
  due ||= requestAnimationFrame(look);
}

/** Fold or unfold each document once as it arrives; from then on it is the reader's. */
function fold() {
  for (const document_ of document.querySelectorAll(".document:not([data-folded])")) {
    document_.dataset.folded = "";
    if (!beside.matches) document_.open = false;
  }
}

new MutationObserver(() => {
  fold();
  lookSoon();
}).observe(document.body, { childList: true, subtree: true, attributeFilter: ["data-view", "hidden"] });
addEventListener("resize", lookSoon);
document.addEventListener("toggle", lookSoon, true);
fold();
look();
