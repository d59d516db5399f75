// Makes golden.json: what JavaScript gives for each payload. Run it with Node in this folder after adding a case:
//   node generate.mjs > golden.json
import crypto from "node:crypto";

const key = "golden-key-0123456789abcdef0123456789";
const expiresAt = "2026-06-17T12:30:00Z";
const control = String.fromCharCode(...Array.from({ length: 32 }, (_, i) => i), 127, 128, 159);

const cases = [
  ["PAY-20260617-0123456789ABCDEF", "My Store", 2999, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", "trailing zero", 2990, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", "whole", 3000, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", "smallest", 1, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", "tenth", 10, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", "largest", 999999999999999, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", "Café <b>&amp;</b> 'x' \"y\" \\ / =+", 1005, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", "lines\u2028and\u2029 \ufeff\u00a0", 819, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", control, 100, expiresAt],
  ["PAY-20260617-0123456789ABCDEF", "株式会社 👩‍👩‍👧 \u{10ffff} \ufffd \uffff", 12345678, "2031-01-01T00:00:00Z"],
];

const golden = cases.map(([reference, name, cents, expires]) => {
  const payload = {
    v: 1,
    type: "gateway_qr_payment",
    requestId: reference,
    gateway_reference: reference,
    merchant: { id: "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", name },
    amount: Number(`${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, "0")}`),
    currency: "EUR",
    expiresAt: expires,
  };
  const text = JSON.stringify(payload);
  const sig = crypto.createHmac("sha256", key).update(text).digest("hex");
  const encoded = Buffer.from(JSON.stringify({ payload, sig })).toString("base64url");
  return {
    reference, merchant_id: payload.merchant.id, name, cents, expires_at: expires,
    payload: Buffer.from(text).toString("base64"), sig, data: encodeURIComponent(encoded),
  };
});

console.log(JSON.stringify({ key, cases: golden }, null, 1));
