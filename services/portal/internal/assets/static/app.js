// What the customer's app does on each page: it keeps its shell on the phone, offers to be installed, and says when a payment changes.
"use strict";
(() => {
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/app/sw.js", { scope: "/app" }).catch(() => {});

  // data-says: a change of the state inside of it is announced.
  const says = document.querySelector("[data-says]");
  if (says) {
    const state = () => says.querySelector("[data-state]")?.dataset.state;
    let last = state();
    new MutationObserver(() => {
      if (!state() || state() === last) return;
      last = state();
      eupay.announce(says.querySelector("[data-said]").textContent);
      if (navigator.vibrate) navigator.vibrate(last === "completed" ? 60 : 30);
    }).observe(says, { childList: true, subtree: true });
  }

  // data-install: the hint to put the app on the home screen, until the reader wants it no more.
  const hint = document.querySelector("[data-install]");
  const later = "eupay-app-install-later";
  const installed = matchMedia("(display-mode: standalone)").matches || navigator.standalone;
  if (!hint || installed || localStorage.getItem(later)) return;
  hint.querySelector("[data-install-later]").addEventListener("click", () => { localStorage.setItem(later, "1"); hint.hidden = true; });
  const now = hint.querySelector("[data-install-now]");
  addEventListener("beforeinstallprompt", (e) => {
    e.preventDefault();
    hint.hidden = now.hidden = false;
    now.onclick = async () => { await e.prompt(); hint.hidden = true; };
  });
  if ("standalone" in navigator) hint.hidden = hint.querySelector("[data-install-ios]").hidden = false; // Safari has no prompt
})();
