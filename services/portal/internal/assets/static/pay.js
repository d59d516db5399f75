// The page of a payment's result: it asks for the status until that changes, as the API reference shows merchants, and prints.
"use strict";
(() => {
  document.querySelectorAll("[data-print]").forEach((b) => { b.hidden = false; b.addEventListener("click", () => print()); });

  const page = document.querySelector("[data-poll]");
  if (!page) return;
  const soon = 3000, later = 15000;
  let asked = 0, failed = 0;
  const ask = async () => {
    try {
      const answer = await fetch(page.dataset.poll, { cache: "no-store", credentials: "omit" });
      if (answer.status !== 429) {
        const { data } = await answer.json();
        if (data.status !== page.dataset.status) return location.reload();
      }
      failed = 0;
    } catch {
      if (++failed === 4) return location.reload(); // the page itself is asked
    }
    setTimeout(ask, ++asked < 100 ? soon : later); // five minutes fast, then slowly
  };
  setTimeout(ask, soon);
})();
