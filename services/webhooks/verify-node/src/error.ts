/**
 * Why a webhook is refused:
 * - `header`: a header is missing, or there twice
 * - `timestamp`: it was signed too long ago, or in the future, or the timestamp is none
 * - `signature`: no signature is by this secret over this body
 * - `secret`: the secret given by you is not `whsec_` and base64
 * - `body`: the signatures are right, but the body is no event; or you gave something else than the raw body
 */
export type Reason = "header" | "timestamp" | "signature" | "secret" | "body";

/** The webhook must not be acted on: answer 400. The message holds nothing secret. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";

  constructor(
    readonly reason: Reason,
    message: string,
  ) {
    super(message);
  }
}
