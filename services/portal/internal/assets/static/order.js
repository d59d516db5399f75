// The pages of guests. Without this script the menu is a form with numbers, and the basket a page of its own.
"use strict";
(() => {
  document.documentElement.classList.add("js");
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const remember = (key, value) => { try { value === null ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* a private window may have no memory */ } };
  const recall = (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };

  // A second tap sends nothing twice.
  document.addEventListener("submit", (e) => {
    const button = e.submitter;
    if (e.defaultPrevented || !button) return;
    setTimeout(() => { button.setAttribute("aria-busy", "true"); all("button", e.target).forEach((b) => { b.disabled = true; }); });
  });
  addEventListener("pageshow", () => all("[aria-busy]").forEach((b) => { b.removeAttribute("aria-busy"); all("button").forEach((other) => { other.disabled = false; }); }));

  const form = $("form[data-order]");
  if (form) order(form);
  const status = $("[data-status]");
  if (status) follow(status);
  const leading = $("[data-leading]");
  if (leading) remember("basket " + location.pathname, null);

  function order(form) {
    const memory = "basket " + form.dataset.order;
    const euros = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR" });
    const money = (cents) => euros.format(cents / 100);
    const share = (of, hundredths) => Math.floor((of * hundredths + 5000) / 10000);
    const fields = ["type", "pay", "name", "notes"];
    const deals = all("[data-least]", form).map((d) => ({ kind: d.dataset.kind, value: +d.dataset.value, least: +d.dataset.least, name: d.dataset.name }));
    const inputs = () => all("input[name^=q_]", form);
    const notes = Object.fromEntries(all("input[data-kept]", form).map((i) => [i.name.slice(2), i.value]));
    all("input[data-kept]", form).forEach((i) => i.remove());
    const dialog = $("#basket");

    // The basket outlives a reload and a look at another page.
    const kept = recall(memory);
    if (kept && "fresh" in form.dataset) {
      for (const [id, item] of Object.entries(kept.items || {})) {
        if (id.includes("~")) addChoice(id.split("~")[0], id);
        const input = form.elements["q_" + id];
        if (input) input.value = item.count;
        if (input && item.picked) choices(id).forEach((o) => { if (o.type !== "hidden") o.checked = !o.disabled && item.picked.includes(o.name + "=" + o.value); });
        notes[id] = item.note;
      }
      for (const name of fields) if (kept[name]) form.elements[name].value = kept[name];
    }
    if (!dialog) { // the review: the menu finds it as it is left here
      form.addEventListener("change", save);
      save();
      return;
    }

    // choices are the fields of a product's options, of a set menu's parts, and of the options of what is chosen for these.
    function choices(id) {
      return all(["o_", "p_", "x_"].map((kind) => `input[name^="${kind}${id}."]`).join(", "), form);
    }
    // picked are the options that are chosen of a product: ticked ones, or hidden ones of a product that the page does not show. Options of a
    // product that is not chosen for its part do not count.
    function picked(id) {
      return choices(id).filter((o) => o.type === "hidden" || o.checked && (o.name[0] !== "x" || $("input", o.closest(".part-options").previousElementSibling).checked));
    }
    // addChoice shows a product once more, for another choice of it.
    function addChoice(id, key) {
      const shown = all(".dish[data-dish]", form).filter((d) => d.dataset.dish.split("~")[0] === id);
      if (!shown.length || shown.some((d) => d.dataset.dish === key)) return null;
      const li = shown[0].cloneNode(true);
      li.dataset.dish = key;
      li.classList.add("is-again");
      all("input", li).forEach((i) => { i.name = i.name.replace("_" + id, "_" + key); });
      shown.at(-1).after(li);
      return li;
    }
    const extra = (id) => picked(id).filter((o) => !("base" in o.dataset)).reduce((sum, o) => sum + +o.dataset.price, 0);
    // unit is the price that offers are on: the product's, or that of its chosen variant.
    const unit = (input) => picked(input.name.slice(2)).filter((o) => "base" in o.dataset).reduce((sum, o) => sum + +o.dataset.price, +input.dataset.price);

    function save() {
      const items = {};
      for (const i of inputs()) {
        const id = i.name.slice(2), note = form.elements["n_" + id];
        if (+i.value > 0) items[id] = { count: +i.value, note: note ? note.value : notes[id] || "", picked: picked(id).map((o) => o.name + "=" + o.value) };
      }
      remember(memory, { items, ...Object.fromEntries(fields.map((name) => [name, form.elements[name].value])) });
    }

    function price(input) {
      const count = +input.value, gross = count * unit(input);
      return count * extra(input.name.slice(2)) + Math.min(gross, ...(input.dataset.offers || "").split(" ").filter(Boolean).map((o) =>
        o[0] === "p" ? share(gross, 10000 - +o.slice(1)) : count * +o.slice(1)));
    }

    // count draws what follows from the numbers.
    function count() {
      let pieces = 0, gross = 0, total = 0;
      const chosen = [];
      for (const i of inputs()) {
        const n = Math.max(0, Math.min(99, Math.trunc(+i.value) || 0));
        if (String(n) !== i.value) i.value = n;
        const dish = i.closest(".dish");
        if (dish) dish.toggleAttribute("data-some", n > 0);
        if (!n) continue;
        pieces += n; gross += n * (unit(i) + extra(i.name.slice(2))); total += price(i); chosen.push(i);
      }
      let off = 0, deal = "";
      for (const d of deals) {
        if (total < d.least) continue;
        const less = d.kind === "p" ? share(total, d.value) : Math.min(d.value, total);
        if (less > off) { off = less; deal = d.name; }
      }
      total -= off;
      form.elements.shown.value = pieces ? total : "";
      const bar = $(".basket-bar");
      bar.classList.toggle("is-empty", !pieces);
      const rule = new Intl.PluralRules(document.documentElement.lang).select(pieces);
      $("[data-count]", bar).textContent = (rule === "one" ? form.dataset.one : form.dataset.other).replace("{n}", pieces);
      all("[data-total]", form).forEach((el) => { el.textContent = money(total); });
      const saving = $("[data-saving]", dialog);
      saving.hidden = gross === total;
      $("dd", saving).textContent = "−" + money(gross - total);
      $("[data-deal]", saving).textContent = deal ? "· " + deal : "";
      if (dialog.open && !pieces) dialog.close();
      return chosen;
    }

    // lines draws the basket. The field of a note is kept while somebody types in it.
    function lines(chosen) {
      const list = $("[data-lines]", dialog);
      const known = new Map(all("li", list).map((li) => [li.dataset.id, li]));
      list.replaceChildren(...chosen.map((input) => {
        const id = input.name.slice(2), li = known.get(id) || line(id, input);
        $("output", li).value = input.value;
        $(".line-total", li).textContent = money(price(input));
        $(".line-with", li).textContent = picked(id).map((o) => o.dataset.name).join(", ");
        return li;
      }));
    }

    function line(id, input) {
      const li = $("#line").content.firstElementChild.cloneNode(true), name = input.dataset.name;
      li.dataset.id = id;
      $(".line-name", li).textContent = name;
      all("[aria-label]", li).forEach((b) => b.setAttribute("aria-label", b.getAttribute("aria-label").replace("{name}", name)));
      const said = $("label .sr", li);
      said.textContent = said.textContent.replace("{name}", name);
      const note = $("label input", li);
      note.name = "n_" + id;
      note.value = notes[id] || "";
      note.addEventListener("input", () => { notes[id] = note.value; });
      const hidden = document.createElement("input");
      Object.assign(hidden, { type: "hidden", name: "t_" + id, value: name });
      li.append(hidden);
      return li;
    }

    function changed() {
      form.elements.key.value = key(); // another basket is another order
      lines(count());
      save();
    }
    // Without https a browser has no randomUUID.
    const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

    form.addEventListener("click", (e) => {
      const more = e.target.closest("[data-another]");
      if (more) {
        e.preventDefault();
        const id = more.dataset.another;
        let n = 2;
        while ($(`.dish[data-dish="${id}~${n}"]`, form)) n++;
        const li = n < 22 && addChoice(id, id + "~" + n);
        if (li) { $("input[name^=q_]", li).value = 1; changed(); li.scrollIntoView({ block: "nearest", behavior: "smooth" }); $(".plus", li).focus({ preventScroll: true }); }
        return;
      }
      const step = e.target.closest(".less, .plus");
      if (!step) return;
      const li = step.closest("[data-id]"), input = li ? form.elements["q_" + li.dataset.id] : $("input", step.parentElement);
      input.value = +input.value + (step.classList.contains("plus") ? 1 : -1);
      changed();
      if (!li && +input.value === 0) $(".plus", step.parentElement).focus();
    });
    // A group whose most is reached takes no more.
    const bound = (group) => {
      const ticks = all("input", group).filter((o) => o.closest("fieldset") === group), full = ticks.filter((o) => o.checked).length >= +group.dataset.most;
      ticks.forEach((o) => { if (!o.checked && !("out" in o.dataset)) o.disabled = full; });
    };
    all("[data-most]", form).forEach((group) => { all("input[disabled]", group).forEach((o) => { o.dataset.out = ""; }); bound(group); });
    form.addEventListener("change", (e) => {
      const group = e.target.closest("[data-most]");
      if (group) bound(group);
      if (/^[qopx]_/.test(e.target.name)) changed(); else save();
    });
    $("[data-open]").addEventListener("click", (e) => {
      e.preventDefault();
      dialog.showModal();
    });
    $("[data-shut]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (e) => { if (e.target === dialog) dialog.close(); });
    lines(count());
    save();

    // The chip of the category that is read is marked, and is in sight.
    const chips = new Map(all(".chips a").map((a) => [a.hash.slice(1), a]));
    if (chips.size) {
      const seen = new IntersectionObserver((entries) => {
        for (const entry of entries) {
          if (!entry.isIntersecting) continue;
          const chip = chips.get(entry.target.id);
          chips.forEach((other) => other.removeAttribute("aria-current"));
          chip.setAttribute("aria-current", "true");
          chip.parentElement.scrollTo({ left: chip.offsetLeft - 16, behavior: "smooth" });
        }
      }, { rootMargin: "-20% 0px -70% 0px" });
      all(".dishes").forEach((section) => seen.observe(section));
    }
  }

  // follow shows what becomes of an order. It looks again while the page is in sight, and less often when it is told to slow down.
  function follow(page) {
    remember("basket " + page.dataset.menu, null);
    const live = $("#live");
    let slower = 1, timer = 0;
    const every = () => +$("[data-every]", live).dataset.every;
    const next = () => { clearTimeout(timer); if (every() && !document.hidden) timer = setTimeout(look, every() * slower * 1000); };
    async function look() {
      try {
        const answer = await fetch(location.href, { headers: { "Hx-Request": "true" } });
        if (answer.ok) { slower = 1; show(await answer.text()); } else slower = Math.min(slower * 2, 8);
      } catch { slower = Math.min(slower * 2, 8); }
      next();
    }
    function show(html) {
      const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
      if (!fresh || !fresh.matches("[data-every]") || fresh.outerHTML === live.firstElementChild.outerHTML) return;
      if (fresh.dataset.state !== live.firstElementChild.dataset.state && navigator.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate(200);
      live.replaceChildren(fresh);
    }
    document.addEventListener("visibilitychange", () => { if (!document.hidden && every()) look(); });
    next();
  }
})();
