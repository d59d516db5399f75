import { createHmac, timingSafeEqual } from "node:crypto";

import { WebhookVerificationError } from "./error.js";
import { type HeaderSource, required } from "./headers.js";

/** The bytes of the request body as they came, before any JSON is parsed. A string is taken as UTF-8. */
export type RawBody = Uint8Array | string;

/** The values of `webhook-id`, `webhook-timestamp` and `webhook-signature`. */
export interface StandardHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

export interface Options {
  /** How far the timestamp may be from now, in seconds, against replays. 300 when absent. */
  readonly tolerance?: number;
  /** The time of the check, for tests. The present when absent. */
  readonly now?: Date;
}

/**
 * Checks the header `X-EuPay-Signature`, `sha256=<hex>`, and throws WebhookVerificationError when it is wrong. Its HMAC
 * key is the secret as it is shown, with the prefix `whsec_`. It holds no time, so it does not refuse replays:
 * use verifyStandard or constructEvent where you can.
 */
export function verifyEuPay(secret: string, rawBody: RawBody, header: string | null | undefined): void {
  if (typeof secret !== "string" || secret === "") {
    throw badSecret();
  }
  const want = "sha256=" + createHmac("sha256", secret).update(checked(rawBody)).digest("hex");
  if (typeof header !== "string" || !equal(header, want)) {
    throw new WebhookVerificationError("signature", "X-EuPay-Signature is missing or wrong.");
  }
}

/**
 * Checks the headers of the Standard Webhooks specification and throws WebhookVerificationError when they are wrong:
 * `webhook-id`, `webhook-timestamp` (unix seconds) and `webhook-signature`, a list of `v1,<base64>` parted by spaces, of
 * which one must match. Its HMAC key is the decoded part of the secret after `whsec_`.
 */
export function verifyStandard(
  secret: string,
  headers: HeaderSource | StandardHeaders,
  rawBody: RawBody,
  options: Options = {},
): void {
  const key = decode(secret);
  const { id, timestamp, signature } = isStandard(headers) ? headers : standardHeaders(headers);
  checkTimestamp(timestamp, options);
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(checked(rawBody));
  const want = "v1," + mac.digest("base64");
  if (!signature.split(" ").some((one) => equal(one, want))) {
    throw new WebhookVerificationError("signature", "No signature in webhook-signature is by this secret.");
  }
}

/** Reads the three headers. Throws (`header`) when one is missing or there twice. */
export function standardHeaders(headers: HeaderSource): StandardHeaders {
  return {
    id: required(headers, "webhook-id"),
    timestamp: required(headers, "webhook-timestamp"),
    signature: required(headers, "webhook-signature"),
  };
}

function isStandard(headers: HeaderSource | StandardHeaders): headers is StandardHeaders {
  const { id, timestamp, signature } = headers as Partial<StandardHeaders>;
  return typeof id === "string" && typeof timestamp === "string" && typeof signature === "string";
}

function checkTimestamp(timestamp: string, { tolerance = 300, now = new Date() }: Options): void {
  const away = Math.abs(now.getTime() / 1000 - Number(timestamp));
  // Written so that NaN, from a bad tolerance too, is refused.
  if (!/^[0-9]{1,15}$/.test(timestamp) || !(away <= tolerance)) {
    throw new WebhookVerificationError("timestamp", "The webhook timestamp is wrong, too old or too new.");
  }
}

/** The HMAC key in a secret. Buffer.from skips what is not base64, so the text is made again and compared. */
function decode(secret: string): Buffer {
  if (typeof secret !== "string" || !secret.startsWith("whsec_")) {
    throw badSecret();
  }
  const text = secret.slice("whsec_".length);
  const key = Buffer.from(text, "base64");
  if (key.length === 0 || key.toString("base64") !== text) {
    throw badSecret();
  }
  return key;
}

function badSecret(): WebhookVerificationError {
  return new WebhookVerificationError("secret", "The webhook secret is not whsec_ and base64.");
}

function checked(rawBody: RawBody): RawBody {
  if (typeof rawBody !== "string" && !(rawBody instanceof Uint8Array)) {
    throw new WebhookVerificationError("body", "Give the raw request body, a Uint8Array or string, not parsed JSON.");
  }
  return rawBody;
}

/** Whether the texts are the same, in constant time. Texts are compared, not what they decode to, so that nothing but
 * the one right form is accepted. */
function equal(got: string, want: string): boolean {
  const a = Buffer.from(got);
  const b = Buffer.from(want);
  return a.length === b.length && timingSafeEqual(a, b);
}
