// Reads requests as JSON from stdin and writes what our verifier and the reference library think of each:
//   [{"secret","headers":{name:[values]},"body":base64,"now":unix seconds}]  →  [{"ours":bool,"reference":bool}]
// verifiers_test.go gives it what the service really sent.
import { readFileSync } from "node:fs";

import { WebhookVerificationError, constructEvent } from "@eupay/webhooks";
import { WebhookVerificationError as ReferenceError } from "standardwebhooks";

import { verify } from "./reference.mjs";

/** @param {() => unknown} check @param {new (...args: any[]) => Error} refusal */
function accepts(check, refusal) {
  try {
    check();
    return true;
  } catch (err) {
    if (err instanceof refusal) return false;
    throw err;
  }
}

/** @type {{ secret: string, headers: Record<string, string[]>, body: string, now: number }[]} */
const requests = JSON.parse(readFileSync(0, "utf8"));
const answers = requests.map(({ secret, headers, body, now }) => {
  const raw = Buffer.from(body, "base64");
  const at = new Date(now * 1000);
  const single = Object.fromEntries(Object.entries(headers).map(([name, [value]]) => [name, value ?? ""]));
  return {
    ours: accepts(() => constructEvent(secret, headers, raw, { now: at }), WebhookVerificationError),
    reference: accepts(() => verify(secret, single, raw, at), ReferenceError),
  };
});
process.stdout.write(JSON.stringify(answers));
