// Without a connection the workbench still opens, from what offline.js put away; with one, nothing changes.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const isWorkbench = request.mode === "navigate" && /^\/projects\/[^/]+\/label\/$/.test(pathname);
  const isSheet = request.mode !== "navigate" && request.headers.has("HX-Request");
  const isOurs = request.method === "GET" && origin === self.location.origin;
  if (!isOurs || !(isWorkbench || isSheet || pathname.startsWith("/static/"))) return;
  event.respondWith(fetch(request).catch(async (failure) => {
    const kept = await caches.match(isWorkbench || isSheet ? pathname : request.url, { ignoreVary: true });
    if (kept) return kept;
    throw failure;
  }));
});
