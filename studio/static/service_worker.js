// @ts-nocheck TypeScript knows either pages or service workers, not both at once.
// Keeps the page for visits without a network. The site's own version of this script begins with SHELL and VERSION.

/* global SHELL, VERSION */

const NAME = `endless-doodles-page-${VERSION}`;

self.addEventListener("install", (event) => {
  const fresh = SHELL.map((name) => new Request(name, { cache: "reload" }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("endless-doodles-page-") && name !== NAME;
  const cleaned = caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))));
  event.waitUntil(cleaned.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOwn = request.url.startsWith(self.registration.scope);
  if (request.method !== "GET" || !isOwn) return;
  // The page itself as it is now, or else as it was; its parts as they belong to the page that is kept.
  const kept = () => caches.match(request, { ignoreSearch: request.mode === "navigate", cacheName: NAME });
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await kept()) ?? (await caches.match("./", { cacheName: NAME })) ?? Response.error()));
  } else {
    event.respondWith(kept().then((answer) => answer ?? fetch(request)));
  }
});
