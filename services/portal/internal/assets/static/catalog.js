// The page of a product: prices without VAT while one types, and pictures that go straight to the store.
"use strict";
(() => {
  const form = document.querySelector("[data-product]");
  if (!form) return;
  const field = (name) => form.elements[name];
  const lang = document.documentElement.lang;
  const euros = new Intl.NumberFormat(lang, { style: "currency", currency: "EUR", minimumFractionDigits: 2, maximumFractionDigits: 4 });

  // As the API counts: four decimals, half up, and VAT is the rest.
  const tax = form.querySelector("[data-tax]");
  const shown = () => {
    const text = field("price_ttc").value.replace(/[\s€]/g, "").replace(",", ".");
    if (!/^\d{1,7}(\.\d{1,2})?$/.test(text)) { tax.textContent = ""; return; }
    const gross = Math.round(+text * 100) * 100, rate = Math.round(+field("vat_rate").value * 10);
    const net = Math.floor((2 * gross * 1000 + 1000 + rate) / (2 * (1000 + rate)));
    tax.textContent = form.dataset.taxText.replace("{ht}", euros.format(net / 10000)).replace("{vat}", euros.format((gross - net) / 10000));
  };
  form.addEventListener("input", shown);
  shown();

  const picker = field("picture"), said = form.querySelector("[data-upload]"), drop = form.querySelector("[data-drop]");
  if (!picker) return;
  const kinds = ["image/jpeg", "image/png", "image/webp", "image/gif"];
  const most = 5 * 1024 * 1024, edge = 1200;

  // A photo of a camera is larger than any screen shows it, and says where it was taken: it is drawn again, smaller. What moves is kept.
  async function smaller(file) {
    if (file.type === "image/gif") return file;
    try {
      const picture = await createImageBitmap(file), scale = Math.min(1, edge / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(picture.width * scale));
      canvas.height = Math.max(1, Math.round(picture.height * scale));
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const made = await new Promise((done) => canvas.toBlob(done, "image/webp", 0.82));
      return made && made.type === "image/webp" ? made : file;
    } catch { return null; }
  }

  // Who saves while a picture is on its way waits for it.
  let waiting = null;
  form.addEventListener("submit", (e) => {
    if (!("busy" in form.dataset)) return;
    e.preventDefault();
    waiting = e.submitter;
  });

  async function take(file) {
    said.textContent = "";
    const small = file && kinds.includes(file.type) ? await smaller(file) : null;
    if (!small || small.size > most) { picker.value = ""; said.textContent = form.dataset.wrong; return; }
    const image = document.createElement("img");
    image.src = URL.createObjectURL(small);
    image.alt = "";
    form.querySelector("[data-preview]").replaceChildren(image);
    said.textContent = form.dataset.uploading;
    form.toggleAttribute("data-busy", true);
    try {
      const place = await fetch("/portal/catalog/upload", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ content_type: small.type, size: small.size }) });
      const { url, image: address, headers } = await place.json();
      const put = await fetch(url, { method: "PUT", headers, body: small });
      if (!put.ok) throw new Error("the store answers " + put.status);
      field("image_url").value = address;
      picker.value = "";
      said.textContent = form.dataset.uploaded;
    } catch { // the form takes the file along, and the server brings it to the store
      const list = new DataTransfer();
      list.items.add(small === file ? file : new File([small], "picture.webp", { type: small.type }));
      picker.files = list.files;
      said.textContent = "";
    }
    form.toggleAttribute("data-busy", false);
    if (waiting) { const button = waiting; waiting = null; form.requestSubmit(button); }
  }
  picker.addEventListener("change", () => { if (picker.files[0]) take(picker.files[0]); });
  for (const type of ["dragenter", "dragover"]) drop.addEventListener(type, (e) => { e.preventDefault(); drop.classList.add("is-over"); });
  for (const type of ["dragleave", "drop"]) drop.addEventListener(type, (e) => { e.preventDefault(); drop.classList.remove("is-over"); });
  drop.addEventListener("drop", (e) => { if (e.dataTransfer.files[0]) take(e.dataTransfer.files[0]); });
  // What misses the frame must not replace the page, and what was typed with it.
  for (const type of ["dragover", "drop"]) addEventListener(type, (e) => e.preventDefault());
})();
