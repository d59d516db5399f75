// Notifications: the form with data-push asks the browser for a subscription and is then sent with it.
"use strict";
(() => {
  const form = document.querySelector("form[data-push]");
  if (!form) return;
  const problem = form.querySelector("[data-problem]");
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    problem.hidden = false;
    return;
  }
  form.querySelector("button").disabled = false;
  form.addEventListener("submit", async (e) => {
    if (form.elements.subscription.value) return; // the second time: it is there
    e.preventDefault();
    e.stopImmediatePropagation();
    problem.hidden = true;
    try {
      const worker = await navigator.serviceWorker.register("/portal/sw.js", { scope: "/portal" });
      const wanted = { userVisibleOnly: true, applicationServerKey: form.dataset.push };
      let got = await worker.pushManager.getSubscription();
      try {
        got = await worker.pushManager.subscribe(wanted);
      } catch (err) {
        if (!got || err.name !== "InvalidStateError") throw err;
        await got.unsubscribe(); // made with an earlier key
        got = await worker.pushManager.subscribe(wanted);
      }
      form.elements.subscription.value = JSON.stringify(got);
      form.requestSubmit();
    } catch (err) {
      problem.hidden = false;
      console.info("push:", err.name);
    }
  }, true);
})();
