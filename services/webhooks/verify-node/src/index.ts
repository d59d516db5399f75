export { type Reason, WebhookVerificationError } from "./error.js";
export {
  constructEvent,
  type OtherEvent,
  type OtherType,
  type PaymentCompleted,
  type PaymentData,
  type PaymentFailed,
  type PaymentRefunded,
  type WebhookEvent,
} from "./event.js";
export type { HeaderSource } from "./headers.js";
export { type Options, type RawBody, type StandardHeaders, verifyEuPay, verifyStandard } from "./signature.js";
