// The documentation: pages that follow each other without losing what the tester knows, tabs that remember, search, and the tester.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
    node.append(...children);
    return node;
  };
  const panel = $("[data-tester-panel]");
  if (!panel) return;
  const say = (key) => panel.dataset["say" + key[0].toUpperCase() + key.slice(1).replace(/_(.)/g, (_, c) => c.toUpperCase())] ?? key;

  // Tabs: the language that was chosen is the one of all examples, on every page.
  const remembered = () => { try { return localStorage.getItem("docs-lang"); } catch { return null; } };
  const choose = (lang, root = document) => $$(`.tabs-code input[value="${CSS.escape(lang)}"]`, root).forEach((input) => { input.checked = true; });
  document.addEventListener("change", (e) => {
    if (!e.target.matches?.(".tabs-code input")) return;
    const top = e.target.getBoundingClientRect().top;
    choose(e.target.value);
    scrollBy(0, e.target.getBoundingClientRect().top - top); // what was clicked stays where it is
    try { localStorage.setItem("docs-lang", e.target.value); } catch { /* private windows keep nothing */ }
  });

  // prepare does what has to be done once for each page.
  let watch;
  function prepare() {
    if (remembered()) choose(remembered());
    $$(".doc table").forEach((table) => {
      if (table.parentElement.classList.contains("scroll")) return;
      const box = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Table" });
      table.before(box);
      box.append(table);
    });
    watch?.disconnect();
    const links = new Map($$(".docs-side .toc-sections a").map((a) => [a.getAttribute("href").slice(1), a]));
    const seen = new Set();
    watch = new IntersectionObserver((entries) => {
      for (const e of entries) e.isIntersecting ? seen.add(e.target.id) : seen.delete(e.target.id);
      const first = [...links.keys()].find((id) => seen.has(id));
      if (!first) return;
      links.forEach((a, id) => a.classList.toggle("is-here", id === first));
    }, { rootMargin: "-70px 0px -60% 0px" });
    links.forEach((_, id) => { const target = document.getElementById(id); if (target) watch.observe(target); });
    openTarget();
  }
  function openTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) { const folded = target.querySelector(":scope > details"); if (folded && target.matches(".event")) folded.open = true; target.scrollIntoView(); }
  }

  // A link to another page of the documentation replaces the text and leaves the tester alone: its credentials are nowhere but in this page.
  async function go(url, push) {
    let page;
    try {
      const response = await fetch(url.pathname + url.search, { headers: { Accept: "text/html" } });
      if (!response.ok) throw new Error(response.statusText);
      page = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch { location.href = url; return; }
    const main = $("#main", page);
    if (!main || !$("[data-page]", page)) { location.href = url; return; }
    const swap = () => {
      document.title = page.title;
      $("#main").replaceChildren(...main.childNodes);
      for (const selector of [".docs-side", ".docs-drawer .drawer-panel"]) {
        const old = $(selector), top = old.scrollTop;
        old.replaceChildren(...$(selector, page).childNodes);
        old.scrollTop = top;
      }
      $("link[rel=alternate]")?.setAttribute("href", url.pathname + ".md");
      $$(".preferences input[name=next]").forEach((input) => { input.value = url.pathname; });
      if (push) history.pushState(null, "", url);
      $("[data-drawer]")?.removeAttribute("open");
      scrollTo(0, 0);
      prepare();
      $("#main").focus({ preventScroll: true });
    };
    swap();
  }
  let here = location.pathname;
  const ours = (path) => (path === "/docs" || path.startsWith("/docs/")) && !/\.[a-z_]+$/.test(path) && path !== "/docs/search";
  document.addEventListener("click", (e) => {
    const a = e.target.closest?.("a[href]");
    if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || a.target || a.hasAttribute("download")) return;
    const url = new URL(a.href);
    if (url.origin !== location.origin || !ours(url.pathname)) return;
    if (url.pathname === location.pathname) { if (url.hash) $("[data-drawer]")?.removeAttribute("open"); return; }
    e.preventDefault();
    $("[data-finder]").close();
    here = url.pathname;
    go(url, true);
  });
  addEventListener("popstate", () => { if (location.pathname !== here) { here = location.pathname; go(new URL(location.href), false); } });
  addEventListener("hashchange", openTarget);

  // Search. The index is read when it is first needed, and ranked as the server ranks it.
  const finder = $("[data-finder]"), field = $("#finder-q"), list = $("#finder-list"), none = $("[data-none]");
  let index, at = -1;
  async function openFinder(text = "") {
    finder.showModal();
    field.value = text;
    field.focus();
    index ??= fetch("/docs/search.json").then((r) => r.json()).catch(() => { index = undefined; return []; });
    show();
  }
  function score(e, words) {
    const title = e.title.toLowerCase(), where = e.where.toLowerCase(), text = e.text.toLowerCase();
    let sum = title === words.join(" ") ? 100 : 0;
    for (const w of words) {
      if (title.startsWith(w)) sum += 40;
      else if ((" " + title).includes(" " + w)) sum += 30;
      else if (title.includes(w)) sum += 20;
      else if (where.includes(w)) sum += 10;
      else if (text.includes(w)) sum += 4;
      else return 0;
    }
    return sum + ({ page: 5, section: 3, operation: 3 }[e.kind] ?? 0);
  }
  async function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = await index;
    const hits = words.length ? all.map((e) => [score(e, words), e]).filter(([s]) => s).sort((a, b) => b[0] - a[0]).slice(0, 20).map(([, e]) => e) : all.filter((e) => e.kind === "page").slice(0, 12);
    at = hits.length && words.length ? 0 : -1;
    list.replaceChildren(...hits.map((e, i) => el("li", { role: "option", id: "hit-" + i, "aria-selected": i === at },
      el("a", { href: e.path, tabindex: "-1" }, el("strong", {}, e.title), el("span", { class: "where" }, e.where), el("span", { class: "excerpt" }, e.text)))));
    none.hidden = hits.length > 0 || !words.length;
    field.setAttribute("aria-expanded", hits.length > 0);
    mark();
  }
  function mark() {
    $$("li", list).forEach((li, i) => li.setAttribute("aria-selected", i === at));
    if (at >= 0) { field.setAttribute("aria-activedescendant", "hit-" + at); list.children[at].scrollIntoView({ block: "nearest" }); } else field.removeAttribute("aria-activedescendant");
  }
  field.addEventListener("input", show);
  field.addEventListener("keydown", (e) => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      const n = list.children.length;
      if (n) { at = (at + (e.key === "ArrowDown" ? 1 : -1) + n) % n; mark(); }
    } else if (e.key === "Enter") {
      e.preventDefault();
      $("a", list.children[Math.max(at, 0)] ?? list)?.click();
      finder.close();
    }
  });
  list.addEventListener("click", (e) => { if (e.target.closest("a")) finder.close(); });
  const plain = $("#docs-q");
  plain.addEventListener("focus", () => { plain.blur(); openFinder(plain.value); });
  document.addEventListener("keydown", (e) => {
    const typing = e.target.closest?.("input, textarea, select, [contenteditable]");
    if ((e.key === "/" && !typing && !e.metaKey && !e.ctrlKey) || (e.key === "k" && (e.metaKey || e.ctrlKey))) { e.preventDefault(); if (!finder.open) openFinder(); }
  });

  // The tester. Credentials live in these fields and nowhere else.
  const credentials = $("[data-credentials]"), form = $("[data-run]"), answer = $("[data-answer]");
  const wide = matchMedia("(min-width: 80rem)");
  let op, running, blobs = [], opener;
  const known = new Map(); // what answers told: the newest thing below each path
  let codes;
  const base = () => credentials.env.value;
  const absolute = () => new URL(base(), location.origin).href;
  const isLive = () => /^pk_live_/.test(credentials.key.value) || /^sk_live_/.test(credentials.secret.value);

  function openPanel(focus) {
    if (!panel.classList.contains("is-open")) opener = document.activeElement;
    panel.classList.add("is-open");
    $$("[data-tester]").forEach((b) => b.setAttribute("aria-expanded", "true"));
    document.body.classList.toggle("has-sheet", !wide.matches);
    if (focus) focus.focus({ preventScroll: wide.matches });
  }
  function closePanel() {
    panel.classList.remove("is-open");
    document.body.classList.remove("has-sheet");
    $$("[data-tester]").forEach((b) => b.setAttribute("aria-expanded", "false"));
    opener?.focus?.({ preventScroll: true });
  }
  document.addEventListener("click", (e) => {
    if (e.target.closest?.("[data-tester]")) panel.classList.contains("is-open") ? closePanel() : openPanel($("#tester-title"));
    if (e.target.closest?.("[data-tester-close]")) closePanel();
    const button = e.target.closest?.("[data-try]");
    if (button) tryOut(JSON.parse(button.closest("[data-op]").dataset.op));
  });
  document.addEventListener("keydown", (e) => { if (e.key === "Escape" && !wide.matches && panel.classList.contains("is-open") && !finder.open) closePanel(); });

  credentials.addEventListener("submit", (e) => e.preventDefault());
  credentials.addEventListener("input", changed);
  function changed() {
    $("[data-env-url]").textContent = absolute();
    $("[data-live-key]").hidden = !isLive();
    if (op) describe();
  }

  // way is how the endpoint is called: with the key, with the login, with nothing; null: what it needs is missing.
  function way() {
    const key = credentials.key.value && credentials.secret.value, token = credentials.token.value;
    if (op.key && key) return "key";
    if (op.login && token) return "login";
    return op.key || op.login ? null : "open";
  }
  function describe() {
    const how = way();
    $("[data-run-auth]").textContent = say({ key: "key", login: "login", open: "open" }[how] ?? "none");
    $("[data-run-auth]").classList.toggle("is-missing", !how);
    const text = curl();
    $("[data-run-curl]").textContent = text;
    $("[data-run-copy]").dataset.copy = text;
  }

  function tryOut(next) {
    running?.abort();
    op = next;
    $("[data-run-empty]").hidden = true;
    form.hidden = false;
    answer.hidden = true;
    $("[data-run-wrong]").hidden = true;
    const title = document.getElementById(op.id + "-title");
    $("[data-run-title]").textContent = title ? title.firstChild.textContent.trim() : op.id;
    const method = $("[data-run-method]");
    method.textContent = op.method;
    method.className = "method " + op.method.toLowerCase();
    $("[data-run-path]").textContent = op.path;
    const needed = (op.params ?? []).filter((p) => p.required), rest = (op.params ?? []).filter((p) => !p.required);
    const more = rest.length > 2 ? [el("details", { class: "more" }, el("summary", {}, rest.map((p) => p.name).join(", ")), ...rest.map(paramField))] : rest.map(paramField);
    $("[data-run-params]").replaceChildren(...needed.map(paramField), ...more);
    const body = $("[data-run-body]"), file = $("[data-run-file]");
    body.hidden = !op.body;
    file.hidden = !op.type || Boolean(op.body);
    $("#run-body").value = op.body ?? "";
    $("#run-body").rows = Math.min(18, Math.max(4, (op.body ?? "").split("\n").length + 1));
    describe();
    openPanel($("[data-run-title]"));
    $("[data-run-title]").scrollIntoView({ block: wide.matches ? "nearest" : "start" });
  }
  function paramField(p) {
    const id = "run-p-" + p.name;
    const value = p.in === "path" ? remembers(p) ?? p.example ?? "" : p.example ?? "";
    const input = p.values
      ? el("select", { id, name: p.name }, ...(p.required ? [] : [el("option", { value: "" }, "—")]), ...p.values.map((v) => el("option", { value: v, selected: v === value }, v)))
      : el("input", { id, name: p.name, value, spellcheck: "false", autocomplete: "off" });
    input.dataset.param = p.name;
    return el("div", { class: "run-field" }, el("label", { for: id }, el("code", {}, p.name), el("span", { class: "type" }, p.in + (p.required ? "" : ", " + say("optional")))), input);
  }
  // remembers is what an earlier answer told, for a parameter of the path.
  function remembers(p) {
    const one = known.get(op.path.slice(0, op.path.indexOf("{" + p.name + "}")).replace(/\/$/, ""));
    const told = one?.[p.name] ?? (p.name === "id" ? one?.event_id : undefined);
    return told === undefined || told === null ? undefined : String(told);
  }
  const value = (name) => $(`[data-param="${CSS.escape(name)}"]`, form)?.value.trim() ?? "";

  function target() {
    let path = op.path;
    const query = new URLSearchParams();
    for (const p of op.params ?? []) {
      if (p.in === "path") path = path.replace("{" + p.name + "}", encodeURIComponent(value(p.name)));
      if (p.in === "query" && value(p.name)) query.append(p.name, value(p.name));
    }
    return path + (query.size ? "?" + query : "");
  }
  function headers() {
    const out = {}, how = way();
    if (how === "key") { out["X-Api-Key"] = credentials.key.value.trim(); out["X-Api-Secret"] = credentials.secret.value.trim(); }
    if (how === "login") out.Authorization = "Bearer " + credentials.token.value.trim();
    for (const p of op.params ?? []) if (p.in === "header" && value(p.name)) out[p.name] = value(p.name);
    if (op.body) out["Content-Type"] = "application/json";
    else if (op.type) out["Content-Type"] = $("#run-file").files[0]?.type || op.type;
    return out;
  }
  // curl shows the request. Secrets are variables of the shell: what is copied is safe to pass on.
  function curl() {
    const shown = headers();
    if (shown["X-Api-Secret"]) shown["X-Api-Secret"] = "$EUPAY_API_SECRET";
    if (shown.Authorization) shown.Authorization = "Bearer $EUPAY_TOKEN";
    if (!way() && op.key) Object.assign(shown, { "X-Api-Key": "$EUPAY_API_KEY", "X-Api-Secret": "$EUPAY_API_SECRET" });
    else if (!way()) shown.Authorization = "Bearer $EUPAY_TOKEN";
    const lines = [`curl ${op.method === "GET" ? "" : "-X " + op.method + " "}"${absolute()}${target()}"`];
    for (const [name, v] of Object.entries(shown)) lines.push(`  -H "${name}: ${v.replace(/["\\`]/g, "\\$&")}"`);
    if (op.body && $("#run-body").value.trim()) lines.push(`  -d '${$("#run-body").value.replaceAll("'", "'\\''").replaceAll("\n", "\n  ")}'`);
    else if (op.type && !op.body) lines.push("  --data-binary @file");
    if (op.answer && !/json|event-stream|yaml/.test(op.answer)) lines.push("  --output " + (op.answer.includes("pdf") ? "document.pdf" : "file"));
    return lines.join(" \\\n");
  }
  form.addEventListener("input", describe);

  const wrong = (text, field) => {
    const p = $("[data-run-wrong]");
    p.hidden = !text;
    p.textContent = text ?? "";
    if (field) field.focus();
  };
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    wrong();
    for (const p of op.params ?? []) if (p.required && !value(p.name)) return wrong(`${say("missing")}: ${p.name}`, $(`[data-param="${CSS.escape(p.name)}"]`, form));
    if (!way()) return wrong(say("none"), op.key ? credentials.key : credentials.token);
    if (op.body) { try { if ($("#run-body").value.trim()) JSON.parse($("#run-body").value); } catch (err) { return wrong(`${say("json")}: ${err.message}`, $("#run-body")); } }
    if (isLive() && op.method !== "GET" && !confirm(say("sure"))) return;
    await send();
  });
  $("[data-run-stop]").addEventListener("click", () => running?.abort());

  async function send() {
    running?.abort();
    const mine = (running = new AbortController());
    const button = $("[data-run-send]"), stop = $("[data-run-stop]");
    button.setAttribute("aria-busy", "true");
    stop.hidden = false;
    blobs.splice(0).forEach(URL.revokeObjectURL);
    const begun = performance.now();
    try {
      const response = await fetch(base() + target(), {
        method: op.method, headers: headers(), credentials: "omit", cache: "no-store", redirect: "manual", referrerPolicy: "no-referrer", signal: mine.signal,
        body: op.body ? $("#run-body").value.trim() || undefined : op.type ? $("#run-file").files[0] : undefined,
      });
      await shown(response, performance.now() - begun, mine);
    } catch (err) {
      if (err.name === "AbortError") { if (mine === running) $("[data-answer-time]").textContent += " · " + say("stopped"); } else { answer.hidden = true; wrong(say("network")); }
    } finally {
      if (mine === running) { button.removeAttribute("aria-busy"); stop.hidden = true; }
    }
  }

  async function shown(response, ms, mine) {
    const status = $("[data-answer-status]"), body = $("[data-answer-body]"), file = $("[data-answer-file]"), code = body.closest(".code");
    answer.hidden = false;
    const redirected = response.type === "opaqueredirect";
    status.textContent = redirected ? "3xx" : `${response.status} ${response.statusText}`.trim();
    status.className = "status " + (response.ok || redirected ? "good" : "bad");
    $("[data-answer-time]").textContent = `${Math.round(ms)} ms`;
    $("[data-answer-size]").textContent = "";
    $("[data-answer-headers]").replaceChildren(...[...response.headers].flatMap(([name, v]) => [el("dt", {}, name), el("dd", {}, v)]));
    $("[data-answer-why]").hidden = true;
    file.replaceChildren();
    code.hidden = false;
    body.replaceChildren();
    answer.scrollIntoView({ block: "nearest" });
    const type = response.headers.get("Content-Type") ?? "";
    if (redirected) { body.textContent = say("redirect"); return; }
    if (type.includes("event-stream")) { await stream(response, body); return; }
    if (/^image\/|pdf|octet-stream/.test(type)) { code.hidden = true; await binary(response, type, file); return; }
    const text = await response.text();
    if (mine.signal.aborted) return;
    $("[data-answer-size]").textContent = `${new Intl.NumberFormat(document.documentElement.lang).format(new Blob([text]).size)} ${say("bytes")}`;
    let data;
    try { data = JSON.parse(text); } catch { /* shown as it is */ }
    if (data === undefined) body.textContent = text || say("empty");
    else body.replaceChildren(...coloured(data));
    $("[data-answer-copy]").dataset.copy = body.textContent;
    if (data) { learn(data); await explain(data); }
  }
  async function stream(response, body) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value: chunk, done } = await reader.read();
      if (done) return;
      body.append(chunk);
    }
  }
  async function binary(response, type, file) {
    const blob = await response.blob(), url = URL.createObjectURL(blob);
    blobs.push(url);
    const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? (type.includes("svg") ? "code.svg" : type.includes("pdf") ? "document.pdf" : "file");
    $("[data-answer-size]").textContent = `${new Intl.NumberFormat(document.documentElement.lang).format(blob.size)} ${say("bytes")}`;
    if (type.startsWith("image/")) file.append(el("img", { src: url, alt: name, class: "answer-image" }));
    file.append(el("p", { class: "actions" }, el("a", { class: "button small", href: url, download: name }, say("download") + " " + name)));
  }

  // coloured is JSON with its parts marked. Text stays text: nothing of an answer becomes a part of this page.
  function coloured(data) {
    const text = JSON.stringify(data, null, 2), out = [];
    let last = 0;
    for (const m of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
      out.push(text.slice(last, m.index));
      out.push(el("span", { class: m[1] ? (m[2] ? "h-a" : "h-s") : /^[tfn]/.test(m[0]) ? "h-k" : "h-n" }, m[1] ?? m[0]));
      last = m.index + (m[1] ?? m[0]).length;
    }
    out.push(text.slice(last));
    return out;
  }

  // learn keeps the ids of an answer, for the endpoints about the same thing, and the token of a login.
  function learn(data) {
    if (typeof data.token === "string" && op.path.startsWith("/auth/") || typeof data.token === "string" && op.path.startsWith("/customer/auth/")) {
      credentials.token.value = data.token;
      credentials.token.closest("details").open = true;
      window.eupay?.announce(say("token"));
      changed();
    }
    const path = op.path.replace(/\/(create|list|generate)$/, "").replace(/\/\{[^}]*\}$/, "");
    const found = data.data ?? data;
    const one = Array.isArray(found) ? found[0] : found;
    if (!one || typeof one !== "object") return;
    if (!op.path.includes("{")) known.set(path, one);
    if (one.qr_token) known.set("/table-order/menu", { merchantId: /\/order\/([^/]+)\//.exec(one.qr_url ?? "")?.[1] }), known.set("/table-order/menu/{merchantId}", { token: one.qr_token });
    if (op.id === "refundPayment") known.set("/gateway/payments/{reference}/refunds", { refund: one.reference });
  }
  async function explain(data) {
    if (!data.code || data.success !== false) return;
    codes ??= fetch("/docs/errors.json").then((r) => r.json()).catch(() => ({}));
    const known = (await codes)[data.code];
    $("[data-answer-why]").hidden = !known;
    if (!known) return;
    $("[data-answer-code]").replaceChildren(el("a", { href: "/docs/errors#" + data.code }, data.code), " · " + known.meaning);
    $("[data-answer-meaning]").textContent = known.fix ?? "";
  }

  if (wide.matches) panel.classList.add("is-open");
  changed();
  prepare();
})();
