// Without a connection the workbench still opens, from what offline.js put away; with one, nothing changes.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const isWorkbench = request.mode === "navigate" && /^\/projects\/[^/]+\/label\/$/.test(pathname);
  if (request.method !== "GET" || origin !== self.location.origin || !(isWorkbench || pathname.startsWith("/static/"))) return;
  event.respondWith(fetch(request).catch(async (failure) => {
    const kept = await caches.match(isWorkbench ? pathname : request.url);
    if (kept) return kept;
    throw failure;
  }));
});
