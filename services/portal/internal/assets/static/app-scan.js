// Scans a merchant's code with the camera or from a picture, by the browser's own detector or, where it has none, by the decoder, which
// is loaded only then. What was found opens the page on which it is confirmed.
"use strict";
(() => {
  const box = document.querySelector("[data-scanner]");
  if (!box) return;
  const video = box.querySelector("video"), note = box.querySelector("[data-note]");
  const start = box.querySelector("[data-camera]"), stop = box.querySelector("[data-stop]");
  const picture = box.querySelector("[data-picture]"), file = picture.querySelector("input");
  const canvas = document.createElement("canvas");
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const widest = 1000; // pixels: more is slow and finds nothing more
  let stream = null, detect = null, found = false, turn = 0;

  const show = (state) => {
    box.dataset.state = state;
    video.hidden = stop.hidden = !["starting", "looking", "found"].includes(state);
    start.hidden = !video.hidden || !navigator.mediaDevices;
    note.textContent = box.dataset["text" + state[0].toUpperCase() + state.slice(1)] || "";
  };

  const load = (src) => new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = done;
    script.onerror = failed;
    document.head.append(script);
  });

  // detector returns a function that finds the text of a code in a picture; "" if there is none.
  async function detector() {
    if (detect) return detect;
    const kinds = "BarcodeDetector" in window ? await BarcodeDetector.getSupportedFormats().catch(() => []) : [];
    if (kinds.includes("qr_code")) {
      const own = new BarcodeDetector({ formats: ["qr_code"] });
      return (detect = async (image) => (await own.detect(image))[0]?.rawValue || "");
    }
    await load(box.dataset.decoder);
    return (detect = async (image, width, height) => {
      const shrink = Math.min(1, widest / Math.max(width, height));
      canvas.width = Math.round(width * shrink);
      canvas.height = Math.round(height * shrink);
      brush.drawImage(image, 0, 0, canvas.width, canvas.height);
      try { return decodeQR(brush.getImageData(0, 0, canvas.width, canvas.height)); } catch { return ""; }
    });
  }

  function open(text) {
    found = true;
    show("found");
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(40); // otherwise browsers refuse it, with an error
    location.assign("/app/scan?data=" + encodeURIComponent(text));
  }

  function end() {
    turn++;
    stream?.getTracks().forEach((t) => t.stop());
    stream = video.srcObject = null;
  }

  async function camera() {
    const mine = ++turn;
    show("starting");
    try {
      const got = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
      if (mine !== turn) { got.getTracks().forEach((t) => t.stop()); return; } // stopped meanwhile
      stream = video.srcObject = got;
      await video.play();
    } catch (e) {
      if (mine !== turn) return;
      end();
      show(e.name === "NotAllowedError" ? "denied" : "none");
      return;
    }
    let look;
    try { look = await detector(); } catch { end(); show("broken"); return; }
    if (mine !== turn) return;
    show("looking");
    while (mine === turn && !found) {
      const text = video.videoWidth ? await look(video, video.videoWidth, video.videoHeight).catch(() => "") : "";
      if (mine === turn && text) { open(text); break; }
      await new Promise((next) => setTimeout(next, 120)); // lets the phone breathe
    }
  }

  file.addEventListener("change", async () => {
    const chosen = file.files[0];
    file.value = "";
    if (!chosen) return;
    end();
    let text = "";
    try {
      const look = await detector(), image = await createImageBitmap(chosen);
      text = await look(image, image.width, image.height);
      image.close();
    } catch { /* not a picture */ }
    if (text) open(text); else show("nothing");
  });

  start.addEventListener("click", camera);
  stop.addEventListener("click", () => { end(); show("off"); start.focus(); });
  // The camera is off while nobody looks, and when the reader comes back by Back.
  addEventListener("pagehide", end);
  addEventListener("pageshow", (e) => { if (e.persisted) { found = false; show("off"); } });
  document.addEventListener("visibilitychange", () => { if (document.hidden && stream && !found) { end(); show("off"); } });

  picture.hidden = false;
  show("off");
  if (!navigator.mediaDevices) show("none");
  // Who has allowed the camera before need not press anything.
  else if (!document.querySelector("[role=alert]")) navigator.permissions?.query({ name: "camera" }).then((p) => { if (p.state === "granted" && box.dataset.state === "off") camera(); }, () => {});
})();
