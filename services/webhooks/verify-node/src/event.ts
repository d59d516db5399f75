import { WebhookVerificationError } from "./error.js";
import { type HeaderSource, header } from "./headers.js";
import { type Options, type RawBody, standardHeaders, verifyEuPay, verifyStandard } from "./signature.js";

/** A payment as the events show it. */
export interface PaymentData {
  /** PAY-… */
  readonly reference: string;
  /** Euros with at most two decimals. Compare in cents: Math.round(amount * 100). */
  readonly amount: number;
  readonly currency: string;
  readonly status: string;
  /** Your own reference; null when you gave none. */
  readonly merchant_reference: string | null;
  /** What you attached to the payment; absent when that was nothing. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

interface Envelope {
  /** The header `webhook-id`: the same in every attempt. Remember it, and act on each only once. */
  readonly id: string;
  /** When it happened, RFC 3339, UTC. */
  readonly timestamp: string;
  /** Orders the events about one reference. We always send it; the shortest documented example is without. */
  readonly sequence?: number;
}

/** The customer authorised the transfer: deliver the goods. */
export interface PaymentCompleted extends Envelope {
  readonly event: "payment.completed";
  readonly data: PaymentData & { readonly status: "completed" };
}

/** The bank rejected the payment or the customer declined it (then the status is cancelled). */
export interface PaymentFailed extends Envelope {
  readonly event: "payment.failed";
  readonly data: PaymentData & { readonly status: "failed" | "cancelled" };
}

/** Money went back to the customer. */
export interface PaymentRefunded extends Envelope {
  readonly event: "payment.refunded";
  readonly data: PaymentData & {
    /** "refunded"; of a payment whose money came late, what it was before. */
    readonly status: "refunded" | "failed" | "cancelled";
    /** Euros given back so far, by all refunds of the payment. */
    readonly amount_refunded: number;
    /** REF-… */
    readonly refund_reference?: string;
    /** Euros given back by this refund. */
    readonly refund_amount: number;
  };
}

/** The types that an endpoint hears only when it asks for them. There may be more than these families. */
export type OtherType =
  | "payment.created"
  | "payment.pending_sca"
  | "payment.cancelled"
  | "payment.stalled"
  | "payment.amount_mismatch"
  | "payment.late_receipt"
  | "payment.settled"
  | "payment.unsettled"
  | `receiving_account.${string}`
  | `refund.${string}`
  | `invoice.${string}`
  | `order.${string}`
  | `webhook_endpoint.${string}`;

/** Any other event. */
export interface OtherEvent extends Envelope {
  readonly event: OtherType;
  readonly data: Readonly<Record<string, unknown>>;
}

export type WebhookEvent = PaymentCompleted | PaymentFailed | PaymentRefunded | OtherEvent;

/**
 * Verifies a webhook and returns its event, or throws WebhookVerificationError.
 *
 * The Standard Webhooks headers are required: only they carry a timestamp, so only they refuse replays.
 * `X-EuPay-Signature` is checked too when it is there, except while the old secret of a rotation still signs
 * (`webhook-signature` then holds several signatures): that header is by the old secret then, and you may have the new one.
 *
 * The signature vouches for the event: its fields are not checked one by one.
 */
export function constructEvent(
  secret: string,
  headers: HeaderSource,
  rawBody: RawBody,
  options: Options = {},
): WebhookEvent {
  const standard = standardHeaders(headers);
  const eupay = header(headers, "x-eupay-signature");
  verifyStandard(secret, standard, rawBody, options);
  const rotating = standard.signature.split(" ").filter((one) => one.startsWith("v1,")).length > 1;
  if (eupay !== undefined && !rotating) {
    verifyEuPay(secret, rawBody, eupay);
  }
  return parse(standard.id, rawBody);
}

function parse(id: string, rawBody: RawBody): WebhookEvent {
  let body: unknown;
  try {
    body = JSON.parse(typeof rawBody === "string" ? rawBody : new TextDecoder("utf-8", { fatal: true }).decode(rawBody));
  } catch {
    throw notAnEvent();
  }
  if (!isObject(body) || typeof body["event"] !== "string" || typeof body["timestamp"] !== "string" || !isObject(body["data"])) {
    throw notAnEvent();
  }
  return { ...body, id } as unknown as WebhookEvent;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notAnEvent(): WebhookVerificationError {
  return new WebhookVerificationError("body", "The webhook is signed, but its body is not an event.");
}
