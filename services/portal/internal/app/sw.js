// The service worker of the app. It keeps the files that every page needs and a page for when there is no network. It never keeps an
// answer with somebody's data.
"use strict";
const shell = __SHELL__;
const offline = "/app/offline";
const cache = "eupay-app-__VERSION__";
const same = { ignoreVary: true };

self.addEventListener("install", (e) => {
  e.waitUntil(caches.open(cache).then((c) => c.addAll([...shell, offline])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (e) => {
  e.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("eupay-app-") && name !== cache) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== location.origin) return;
  if (shell.includes(url.pathname)) {
    e.respondWith(caches.match(e.request, same).then((kept) => kept || fetch(e.request)));
    return;
  }
  if (e.request.mode === "navigate" && (url.pathname === "/app" || url.pathname.startsWith("/app/"))) {
    e.respondWith(fetch(e.request).catch(() => caches.match(offline, same)));
  }
});
