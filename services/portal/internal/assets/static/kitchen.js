// The screen of a kitchen: a sound for each new order, a clock, and a screen that stays on. The board works without it.
"use strict";
(() => {
  const board = document.getElementById("board"), button = document.querySelector("[data-sound]"), said = document.querySelector("[data-said]");
  let context = null, newest = read();

  function read() {
    const at = board.querySelector("[data-newest]");
    return at ? +at.dataset.newest : 0;
  }

  // Two notes, as of a bell at the pass. Browsers let a page make sounds only after somebody has touched it.
  function ring() {
    if (!context || context.state !== "running") return;
    [[880, 0], [1174, 0.18], [880, 0.6], [1174, 0.78]].forEach(([pitch, after]) => {
      const tone = context.createOscillator(), loud = context.createGain(), at = context.currentTime + after;
      tone.type = "triangle";
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0, at);
      loud.gain.linearRampToValueAtTime(0.5, at + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
      tone.connect(loud).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    });
  }

  button.hidden = false;
  button.addEventListener("click", async () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    if (on) {
      context = context || new AudioContext();
      await context.resume();
      ring();
      awake();
    } else if (context) await context.suspend();
    button.setAttribute("aria-pressed", String(on));
  });

  new MutationObserver(() => {
    const now = read();
    if (now > newest) { ring(); said.textContent = said.dataset.new + " " + now; }
    newest = Math.max(newest, now);
  }).observe(board, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-newest"] });

  // A screen that goes dark misses orders.
  let lock = null;
  async function awake() {
    if (!("wakeLock" in navigator) || document.hidden || lock && !lock.released) return;
    try { lock = await navigator.wakeLock.request("screen"); } catch { /* the system may refuse, to save its battery */ }
  }
  document.addEventListener("visibilitychange", awake);
  awake();

  const clock = document.querySelector("[data-clock]");
  const tick = () => { clock.textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false }); };
  tick();
  setInterval(tick, 10000);
})();
