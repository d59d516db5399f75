// Reads barcodes with the camera where the browser can; a scanner types them into the field and ends with Enter, which needs no script.
"use strict";
(async () => {
  const form = document.querySelector("[data-scan]");
  if (!form || !("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  const wanted = ["ean_13", "ean_8", "upc_a", "itf"];
  const able = await BarcodeDetector.getSupportedFormats().catch(() => []);
  const formats = wanted.filter((f) => able.includes(f));
  if (!formats.length) return;
  const detector = new BarcodeDetector({ formats }), video = form.querySelector("video"), button = form.querySelector("[data-camera]");
  let stream = null;
  const end = () => {
    stream?.getTracks().forEach((t) => t.stop());
    stream = video.srcObject = null;
    video.hidden = true;
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (stream) { end(); return; }
    try {
      stream = video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
      video.hidden = false;
      await video.play();
    } catch { end(); return; }
    while (stream) {
      const found = video.videoWidth ? await detector.detect(video).catch(() => []) : [];
      if (stream && found.length) {
        form.elements.ean.value = found[0].rawValue;
        end();
        form.requestSubmit();
        return;
      }
      await new Promise((next) => setTimeout(next, 120)); // lets the phone breathe
    }
  });
  addEventListener("pagehide", end);
  document.addEventListener("visibilitychange", () => { if (document.hidden) end(); });
})();
