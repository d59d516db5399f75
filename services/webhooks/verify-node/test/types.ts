// Compiled, never run: what callers may write without a cast.
import type { IncomingHttpHeaders } from "node:http";

import { type HeaderSource, type PaymentData, type WebhookEvent, constructEvent } from "@eupay/webhooks";

export function headers(node: IncomingHttpHeaders, distinct: NodeJS.Dict<string[]>, fetched: Headers): HeaderSource[] {
  constructEvent("whsec_AAAA", node, Buffer.from(""));
  return [node, distinct, fetched, { "webhook-id": "a" }];
}

export function narrowed(e: WebhookEvent): number | string | null {
  switch (e.event) {
    case "payment.completed":
      return e.data.merchant_reference;
    case "payment.failed": {
      const status: "failed" | "cancelled" = e.data.status;
      return status;
    }
    case "payment.refunded":
      return e.data.amount_refunded + e.data.refund_amount;
    case "refund.completed": {
      // @ts-expect-error: the data of the others is not known
      const amount: number = e.data["amount"];
      return amount;
    }
    default: {
      // @ts-expect-error: the three are dealt with
      const payment: PaymentData = e.data;
      return payment.reference;
    }
  }
}
