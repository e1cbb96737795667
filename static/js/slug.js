// Proposes a project's address from its name, until somebody types one.
const name = document.getElementById("id_name");
const slug = document.getElementById("id_slug");
let isOwn = Boolean(slug?.value);

function propose() {
  if (isOwn) return;
  slug.value = name.value.normalize("NFKD").toLowerCase()
    .replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
}

slug?.addEventListener("input", () => { isOwn = slug.value !== ""; });
name?.addEventListener("input", propose);
if (name?.value) propose(); // typed before this file arrived
