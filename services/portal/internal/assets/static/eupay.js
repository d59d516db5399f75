// What every page does beyond links and forms. Each part works on attributes; without this script the pages still work.
"use strict";
(() => {
  // No inline styles and no evaluated text: the pages' policy forbids both.
  if (window.htmx) Object.assign(htmx.config, { includeIndicatorCSS: false, includeIndicatorStyles: false, allowEval: false });

  const on = (type, selector, act) => document.addEventListener(type, (e) => {
    const el = e.target instanceof Element && e.target.closest(selector);
    if (el) act(el, e);
  });

  // data-copy: the button copies that text.
  on("click", "[data-copy]", async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.dataset.copied = "";
    announce(button.getAttribute("aria-label") + " ✓");
    setTimeout(() => delete button.dataset.copied, 1500);
  });

  // data-confirm: the form or button asks before it goes on.
  on("submit", "form[data-confirm]", (form, e) => { if (!confirm(form.dataset.confirm)) e.preventDefault(); });
  on("click", "button[data-confirm]", (button, e) => { if (!confirm(button.dataset.confirm)) e.preventDefault(); });

  // A form that was sent is not sent twice by a second click, unless its button says data-again: it downloads a file.
  document.addEventListener("submit", (e) => {
    if (e.defaultPrevented) return;
    const button = e.submitter;
    if (button && button.classList.contains("button") && !("again" in button.dataset)) setTimeout(() => { button.setAttribute("aria-busy", "true"); button.disabled = true; });
  });
  addEventListener("pageshow", () => document.querySelectorAll("[aria-busy=true]:not([data-example])").forEach((b) => { b.removeAttribute("aria-busy"); b.disabled = false; }));

  // data-fragment: the field takes its value from what is behind the # of a link in a mail, which no server sees.
  document.querySelectorAll("[data-fragment]").forEach((input) => {
    const value = new URLSearchParams(location.hash.slice(1)).get(input.dataset.fragment);
    if (!value) return;
    input.value = value;
    history.replaceState(null, "", location.pathname + location.search);
  });

  // data-auto: a filter is applied when it changes.
  on("change", "form[data-auto]", (form) => form.requestSubmit());

  // Open menus close with Escape and with a click elsewhere.
  document.addEventListener("click", (e) => document.querySelectorAll("details[data-menu][open]").forEach((d) => { if (!d.contains(e.target)) d.open = false; }));
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    document.querySelectorAll("details[data-menu][open], details[data-drawer][open]").forEach((d) => { d.open = false; d.querySelector("summary").focus(); });
  });

  // data-dialog: the button opens the dialog of that id; data-close closes its own.
  on("click", "[data-dialog]", (button) => document.getElementById(button.dataset.dialog).showModal());
  on("click", "[data-close]", (button) => button.closest("dialog").close());

  // data-live: the element listens to events of the server at that address. Each one makes htmx elements with
  // hx-trigger="live from:body" fetch themselves again, and is announced where data-announce says so.
  const live = document.querySelector("[data-live]");
  if (live) {
    const source = new EventSource(live.dataset.live);
    let soon = 0;
    source.addEventListener("changed", () => {
      clearTimeout(soon); // many changes at once are one
      soon = setTimeout(() => document.body.dispatchEvent(new CustomEvent("live", { bubbles: true })), 150);
    });
    addEventListener("pagehide", () => source.close());
  }

  // announce says something to those who listen.
  const region = document.createElement("div");
  region.className = "sr";
  region.setAttribute("role", "status");
  document.body.append(region);
  function announce(text) { region.textContent = text; }
  window.eupay = { announce };
})();
