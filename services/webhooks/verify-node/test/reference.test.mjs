// Both directions between our verifier and the reference library: they accept and refuse the same requests.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";

import { constructEvent } from "@eupay/webhooks";

import * as reference from "./reference.mjs";

const body = '{"event":"payment.completed","timestamp":"2026-06-17T12:25:30Z","sequence":3,"data":{"reference":"PAY-1","payer":"Zoë"}}';
const at = new Date("2026-06-17T12:25:30Z");
const later = (/** @type {number} */ seconds) => new Date(at.getTime() + seconds * 1000);
const newSecret = () => "whsec_" + randomBytes(32).toString("base64");

/** Signs as the service does. @type {typeof reference.sign} */
function sign(secret, id, time, text) {
  const timestamp = String(time.getTime() / 1000);
  const key = Buffer.from(secret.slice(6), "base64");
  return {
    "x-eupay-signature": "sha256=" + createHmac("sha256", secret).update(text).digest("hex"),
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": "v1," + createHmac("sha256", key).update(`${id}.${timestamp}.${text}`).digest("base64"),
  };
}

const judges = {
  ours: (/** @type {Parameters<typeof reference.verify>} */ ...[secret, headers, text, now]) =>
    void constructEvent(secret, headers, text, { now }),
  "the reference": reference.verify,
};

for (const [signer, by] of Object.entries({ us: sign, "the reference": reference.sign })) {
  const secret = newSecret();
  const headers = by(secret, "evt_1", at, body);
  const signature = headers["webhook-signature"] ?? "";
  const foreign = by(newSecret(), "evt_1", at, body)["webhook-signature"];
  const signed = (/** @type {string} */ value) => ({ ...headers, "webhook-signature": value });

  /** @type {Record<string, { ok?: boolean, secret?: string, headers?: Record<string, string>, body?: string, now?: Date }>} */
  const cases = {
    "as it is": { ok: true },
    "at the edge": { ok: true, now: later(300) },
    "several signatures, one right": { ok: true, headers: signed(`v1a,AAAA ${foreign} ${signature}`) },
    "changed body": { body: body.replace("PAY-1", "PAY-2") },
    "old timestamp": { now: later(301) },
    "future timestamp": { now: later(-301) },
    "wrong secret": { secret: newSecret() },
    "other id": { headers: { ...headers, "webhook-id": "evt_2" } },
    "other timestamp": { headers: { ...headers, "webhook-timestamp": String(at.getTime() / 1000 + 1) } },
    "truncated signature": { headers: signed(signature.slice(0, -4)) },
    "several signatures, none right": { headers: signed(`v1a,AAAA ${foreign}`) },
    "v1a is ignored": { headers: signed("v1a" + signature.slice(2)) },
    "no signature": { headers: signed("") },
  };
  for (const [name, c] of Object.entries(cases)) {
    for (const [who, verify] of Object.entries(judges)) {
      test(`${name}, signed by ${signer}, judged by ${who}`, () => {
        const judged = () => verify(c.secret ?? secret, c.headers ?? headers, c.body ?? body, c.now ?? at);
        c.ok ? assert.doesNotThrow(judged) : assert.throws(judged, { name: "WebhookVerificationError" });
      });
    }
  }
}
