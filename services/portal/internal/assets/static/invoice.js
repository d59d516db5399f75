// The form of an invoice: its sums while it is typed. They are the same as the API's but for cents of VAT that a discount may move; the
// invoice has the API's own.
"use strict";
(() => {
  const form = document.querySelector("[data-invoice]");
  if (!form) return;
  const euros = new Intl.NumberFormat(form.dataset.lang, { style: "currency", currency: "EUR" });
  const show = (cents) => euros.format(cents / 100);

  // whole reads a number with that many decimals as an integer; NaN: it is none.
  const whole = (text, decimals) => {
    const m = /^(\d{1,9})(?:[.,](\d*))?$/.exec(String(text).replace(/[\s€]/g, ""));
    if (!m || (m[2] || "").length > decimals) return NaN;
    return Number(m[1]) * 10 ** decimals + Number((m[2] || "").padEnd(decimals, "0"));
  };
  const value = (line, name) => line.querySelector(`[name$="].${name}"]`).value;

  const sum = () => {
    const byRate = new Map();
    let gross = 0;
    for (const line of form.querySelectorAll("[data-line]")) {
      const cents = Math.round(whole(value(line, "quantity"), 4) * whole(value(line, "unit_price_ttc"), 2) / 10000);
      line.querySelector("[data-line-sum]").textContent = Number.isFinite(cents) ? show(cents) : "";
      if (!Number.isFinite(cents)) continue;
      gross += cents;
      const rate = Number(value(line, "vat_rate"));
      byRate.set(rate, (byRate.get(rate) || 0) + cents);
    }
    const discount = Math.min(whole(form.elements.discount_amount.value || "0", 2) || 0, gross);
    let vat = 0;
    for (const [rate, cents] of byRate) {
      const left = gross ? cents - Math.round(discount * cents / gross) : 0;
      vat += left - Math.round(left * 1000 / (1000 + Math.round(rate * 10)));
    }
    const set = (name, cents) => { form.querySelector(`[data-sum=${name}]`).textContent = show(cents); };
    set("ttc", gross - discount); set("vat", vat); set("ht", gross - discount - vat); set("discount", -discount);
    form.querySelectorAll("[data-discount-row]").forEach((el) => { el.hidden = !discount; });
  };

  form.querySelector("[data-sums]").hidden = false;
  form.addEventListener("input", sum);
  new MutationObserver(sum).observe(form.querySelector("#lines").parentElement, { childList: true });
  sum();
})();
