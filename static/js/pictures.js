// Pictures, enlarged in place. Without this file the link around a picture opens it in a tab of its own.

let box = null;

function open(link) {
  const shown = link.querySelector("img");
  box = document.createElement("dialog");
  box.className = "lightbox";
  box.setAttribute("aria-label", shown.alt);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button";
  close.textContent = link.dataset.close;
  const picture = document.createElement("img");
  const isWide = shown.width / shown.height > innerWidth / innerHeight;
  picture.className = isWide ? "lightbox-wide" : "lightbox-tall";
  picture.src = link.href;
  picture.alt = shown.alt;
  box.append(close, picture);
  box.addEventListener("click", () => box.close()); // anywhere: there is nothing else to click
  box.addEventListener("close", () => {
    box.remove();
    box = null;
    link.focus();
  });
  document.body.append(box);
  box.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-picture]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  if (!box) open(link);
});
