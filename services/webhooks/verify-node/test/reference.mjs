// The library of the Standard Webhooks specification's authors, with a clock that can be set.
import { Webhook } from "standardwebhooks";

/**
 * Throws when the reference library refuses the request at the time now.
 * @param {string} secret
 * @param {Record<string, string>} headers
 * @param {Uint8Array | string} body
 * @param {Date} now
 */
export function verify(secret, headers, body, now) {
  const present = Date.now;
  Date.now = () => now.getTime(); // it reads the clock itself
  try {
    new Webhook(secret).verify(typeof body === "string" ? body : Buffer.from(body), headers, { jsonParse: false });
  } finally {
    Date.now = present;
  }
}

/**
 * Headers of a webhook signed by the reference library.
 * @param {string} secret
 * @param {string} id
 * @param {Date} at
 * @param {string} body
 * @returns {Record<string, string>}
 */
export function sign(secret, id, at, body) {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": new Webhook(secret).sign(id, at, body) };
}
