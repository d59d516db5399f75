// The service worker of the portal. It shows the notifications that the API pushes, in the language of the subscription, and keeps nothing.
"use strict";

self.addEventListener("push", (e) => {
  let said = {};
  try { said = e.data.json(); } catch { /* it is shown all the same: a browser takes back the right of who shows nothing */ }
  e.waitUntil(self.registration.showNotification(said.title || "EU Pay", {
    body: said.body || "", tag: said.tag, data: { url: said.url },
  }));
});

self.addEventListener("notificationclick", (e) => {
  e.notification.close();
  // Only a page of the portal is opened, whatever the message says.
  const url = new URL((e.notification.data && e.notification.data.url) || "/portal", location.origin);
  const to = url.origin === location.origin && url.pathname.startsWith("/portal") ? url.href : location.origin + "/portal";
  e.waitUntil((async () => {
    for (const page of await clients.matchAll({ type: "window", includeUncontrolled: true })) {
      if (page.url === to) return page.focus();
    }
    return clients.openWindow(to);
  })());
});
