// The vectors that the Go package is tested with too.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { constructEvent } from "@eupay/webhooks";

/** @type {{ cases: { name: string, secret: string, now: number, headers: [string, string][], body: string, want: string }[] }} */
const { cases } = JSON.parse(readFileSync(new URL("../../testdata/vectors.json", import.meta.url), "utf8"));
assert.notEqual(cases.length, 0);

for (const c of cases) {
  const options = { now: new Date(c.now * 1000), tolerance: 300 };
  const fetched = new Headers(c.headers.map(([name, value]) => [name, value]));
  /** @type {Record<string, string[]>} */
  const distinct = {};
  for (const [name, value] of c.headers) (distinct[name] ??= []).push(value);
  const joined = Object.fromEntries(fetched); // as Node's http server shows them

  test(`${c.name}: ${c.want}`, () => {
    for (const headers of [fetched, distinct, joined]) {
      for (const body of [c.body, Buffer.from(c.body), new TextEncoder().encode(c.body)]) {
        const verified = () => constructEvent(c.secret, headers, body, options);
        if (c.want === "ok") {
          assert.deepEqual(verified(), { ...JSON.parse(c.body), id: fetched.get("webhook-id") });
        } else {
          assert.throws(verified, { name: "WebhookVerificationError", reason: c.want });
        }
      }
    }
  });
}
