// Who asked to work offline can open the workbench without a connection: the page without a comparison, its sheets and the
// files it needs are put away here, and service-worker.js hands them out. Logging out takes them back (base.js).

import { headersFor } from "./outbox.js";

const CACHE = "plumbline-workbench";

export async function workOffline(isWanted, page, person) {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  if (!isWanted) {
    await caches.delete(CACHE);
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
    return;
  }
  try {
    await navigator.serviceWorker.register("/service-worker.js");
    const cache = await caches.open(CACHE);
    const shell = await fetch(`${page}?shell`, { redirect: "error" });
    if (!shell.ok) return;
    await cache.put(page, shell);
    for (const { dataset: { loads } } of document.querySelectorAll("[data-loads]")) {
      const sheet = await fetch(loads, { headers: headersFor(person), redirect: "error" });
      if (sheet.ok) await cache.put(loads, sheet);
    }
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
    await cache.addAll(new Set(loaded.filter((name) => name.startsWith(`${location.origin}/static/`))));
  } catch { /* no connection just now: the next visit tries again */ }
}
