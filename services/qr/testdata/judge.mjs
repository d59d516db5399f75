// Judges the server's codes as a client in JavaScript would, and makes the same codes as the public documents show.
// Reads {key, cases} and writes one answer per case; see node_test.go.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { readFileSync } from "node:fs";

const { key, cases } = JSON.parse(readFileSync(0, "utf8"));

const hmac = (text) => crypto.createHmac("sha256", key).update(text).digest("hex");
const wrap = (envelope) => Buffer.from(JSON.stringify(envelope)).toString("base64url");

function payloadOf(c) {
  const amount = c.amount === null ? null : Number(c.amount); // 1e4 is a number as good as 10000
  if (c.type === "gateway_qr_payment") {
    return {
      v: 1, type: c.type, requestId: c.requestId, gateway_reference: c.requestId, merchant: { id: c.merchantId, name: c.merchantName },
      amount, currency: "EUR", expiresAt: c.expiresAt,
    };
  }
  const payload = {
    v: 1, type: c.type, requestId: c.requestId, merchant: { id: c.merchantId, merchantId: c.merchantId, name: c.merchantName, euPayId: c.euPayId },
    amount, currency: "EUR", expiresAt: c.expiresAt,
  };
  return c.label === "" ? payload : { ...payload, label: c.label };
}

function verify(c, expected) {
  const encoded = new URL(c.qrData).searchParams.get("data");
  const text = Buffer.from(encoded, "base64url").toString("utf8");
  const { payload, sig } = JSON.parse(text);
  assert.deepEqual(payload, expected);
  assert.equal(JSON.stringify({ payload, sig }), text, "the envelope in the words of JSON.stringify");
  assert.ok(crypto.timingSafeEqual(Buffer.from(hmac(JSON.stringify(payload))), Buffer.from(sig)), "signature");
}

const answers = cases.map((c) => {
  const payload = payloadOf(c);
  let wrong = "";
  try {
    verify(c, payload);
  } catch (err) {
    wrong = String(err.message || err);
  }
  const sig = hmac(JSON.stringify(payload));
  const url = (envelope) => `${c.base}/pay?data=${encodeURIComponent(wrap(envelope))}`;
  const other = { ...payload, amount: payload.amount === 0.02 ? 0.03 : 0.02 };
  return { wrong, qrData: url({ payload, sig }), spoilt: url({ payload: other, sig }) };
});

process.stdout.write(JSON.stringify(answers));
