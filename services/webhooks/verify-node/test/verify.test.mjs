import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";

import { WebhookVerificationError, constructEvent, verifyEuPay, verifyStandard } from "@eupay/webhooks";

// As in verify_test.go; made with OpenSSL.
const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const body = '{"event":"payment.completed"}';
const eupay = "sha256=7724fde9a84bf99e6d1b1931ebee9a102cf50fad1bcf093cc6b02f5e8440fc14";
const standard = { id: "evt_1", timestamp: "1781699130", signature: "v1,TK2Ed2eON6YaXgSwE/SNou0JoDynbX1rguRtu4eV3qU=" };
const now = new Date(1781699130_000);

/** @param {string | Buffer} text */
function headersOf(text) {
  const mac = createHmac("sha256", "0123456789abcdef0123456789abcdef").update("evt_1.1781699130.").update(text);
  return { "webhook-id": "evt_1", "webhook-timestamp": "1781699130", "webhook-signature": "v1," + mac.digest("base64") };
}

/** @param {() => unknown} call @param {string} reason */
function refused(call, reason) {
  assert.throws(call, (err) => err instanceof WebhookVerificationError && err.reason === reason && !err.message.includes(secret));
}

test("verifyEuPay", () => {
  verifyEuPay(secret, body, eupay);
  verifyEuPay(secret, Buffer.from(body), eupay);
  for (const header of ["", null, undefined, eupay.slice(7), eupay.slice(0, 20), eupay + "00", " " + eupay, "sha256=zz"]) {
    refused(() => verifyEuPay(secret, body, header), "signature");
  }
  refused(() => verifyEuPay(secret, body + " ", eupay), "signature");
  refused(() => verifyEuPay(secret + "x", body, eupay), "signature");
  refused(() => verifyEuPay("", body, eupay), "secret");
});

test("verifyStandard takes the three values or the headers", () => {
  verifyStandard(secret, standard, body, { now });
  verifyStandard(secret, headersOf(body), body, { now });
  refused(() => verifyStandard(secret, { ...standard, id: "evt_2" }, body, { now }), "signature");
  refused(() => verifyStandard(secret, { ...standard, timestamp: "" }, body, { now }), "timestamp");
  refused(() => verifyStandard(secret, {}, body, { now }), "header");
});

test("the tolerance is 300 seconds from the present unless told otherwise", () => {
  const check = (/** @type {number} */ seconds, /** @type {number | undefined} */ tolerance) =>
    verifyStandard(secret, standard, body, { now: new Date(now.getTime() + seconds * 1000), ...(tolerance === undefined ? {} : { tolerance }) });
  check(300, undefined);
  refused(() => check(300.001, undefined), "timestamp");
  check(10, 10);
  refused(() => check(11, 10), "timestamp");
  refused(() => verifyStandard(secret, standard, body, { now: new Date(0) }), "timestamp");
});

test("a tolerance or time that is no number lets nothing through", () => {
  refused(() => verifyStandard(secret, standard, body, { now, tolerance: NaN }), "timestamp");
  refused(() => verifyStandard(secret, standard, body, { now, tolerance: -1 }), "timestamp");
  refused(() => verifyStandard(secret, standard, body, { now: new Date(NaN) }), "timestamp");
});

test("parsed JSON is refused with advice", () => {
  refused(() => constructEvent(secret, headersOf(body), JSON.parse(body), { now }), "body");
  // @ts-expect-error
  refused(() => verifyEuPay(secret, undefined, eupay), "body");
});

test("a secret that is not configured is refused", () => {
  // @ts-expect-error: process.env.X
  refused(() => constructEvent(undefined, headersOf(body), body, { now }), "secret");
  // @ts-expect-error
  refused(() => verifyEuPay(undefined, body, eupay), "secret");
});

test("a signed body that is no event is refused", () => {
  const notUTF8 = Buffer.concat([Buffer.from('{"event":"a","timestamp":"b","data":{"c":"'), Buffer.from([0xff]), Buffer.from('"}}')]);
  for (const text of ["", "{", "null", "[]", '"a"', "{}", '{"event":1,"timestamp":"t","data":{}}', '{"event":"a","timestamp":"t","data":[]}', notUTF8]) {
    refused(() => constructEvent(secret, headersOf(text), text, { now }), "body");
  }
});

test("the id of the event is the header's, whatever the body says", () => {
  const text = '{"id":"evt_9","event":"payment.stalled","timestamp":"2026-06-17T12:25:30Z","data":{"__proto__":{"a":1}}}';
  const event = constructEvent(secret, headersOf(text), text, { now });
  assert.equal(event.id, "evt_1");
  assert.equal(event.event, "payment.stalled");
  assert.equal(/** @type {any} */ ({}).a, undefined);
});

test("headers that differ in case only are the same header twice", () => {
  const headers = headersOf(body);
  refused(() => constructEvent(secret, { ...headers, "Webhook-Id": "evt_1" }, body, { now }), "header");
  refused(() => constructEvent(secret, { ...headers, "webhook-id": ["evt_1", "evt_1"] }, body, { now }), "header");
  refused(() => constructEvent(secret, { ...headers, "webhook-id": [] }, body, { now }), "header");
  refused(() => constructEvent(secret, { ...headers, "webhook-id": undefined }, body, { now }), "header");
});

test("a request as Node's server shows it", async () => {
  const text = '{"event":"payment.completed","timestamp":"2026-06-17T12:25:30Z","data":{"payer":"Zoë"}}';
  const server = createServer((req, res) => {
    /** @type {Buffer[]} */
    const chunks = [];
    req.on("data", (chunk) => chunks.push(chunk));
    req.on("end", () => {
      try {
        constructEvent(secret, req.headers, Buffer.concat(chunks), { now });
        constructEvent(secret, req.headersDistinct, Buffer.concat(chunks), { now });
        res.writeHead(200).end();
      } catch (err) {
        res.writeHead(400).end(String(err));
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const post = (/** @type {[string, string][]} */ headers) =>
    fetch(`http://127.0.0.1:${address.port}/`, { method: "POST", body: text, headers });
  try {
    const headers = Object.entries(headersOf(text));
    assert.equal((await post(headers)).status, 200);
    const twice = await post([...headers, ["webhook-signature", headersOf(text)["webhook-signature"]]]);
    assert.match(await twice.text(), /webhook-signature is there more than once/);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
