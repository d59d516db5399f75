package webhook

// Type is a type of event, such as payment.completed. There may be more of them one day.
type Type string

// The types of events.
const (
	// PaymentCreated: A payment was recorded.
	PaymentCreated Type = "payment.created"
	// PaymentPendingSCA: The payer can be sent to the bank.
	PaymentPendingSCA Type = "payment.pending_sca"
	// PaymentCompleted: The payer authorised the transfer: deliver the goods.
	PaymentCompleted Type = "payment.completed"
	// PaymentFailed: The bank rejected the payment, or the payer declined it (then the status is cancelled).
	PaymentFailed Type = "payment.failed"
	// PaymentCancelled: The payer declined, or the payment was cancelled. Who does not ask for it hears of it as payment.failed.
	PaymentCancelled Type = "payment.cancelled"
	// PaymentStalled: The bank has not said for a long time what became of the payment.
	PaymentStalled Type = "payment.stalled"
	// PaymentAmountMismatch: The bank shows another amount or currency than was asked for.
	PaymentAmountMismatch Type = "payment.amount_mismatch"
	// PaymentLateReceipt: You booked money that came for a failed or cancelled payment.
	PaymentLateReceipt Type = "payment.late_receipt"
	// PaymentSettled: The money of a payment was seen on your connected bank account.
	PaymentSettled Type = "payment.settled"
	// PaymentUnsettled: The money of a completed payment was not seen there in time, or its match was undone.
	PaymentUnsettled Type = "payment.unsettled"
	// PaymentRefunded: Money went back to the payer.
	PaymentRefunded Type = "payment.refunded"
	// PaymentLinkPaid: A payment of a link was completed. The link is paid when that was the last one it takes.
	PaymentLinkPaid Type = "payment_link.paid"
	// PaymentLinkExpired: A payment link reached its expiry.
	PaymentLinkExpired Type = "payment_link.expired"
	// PaymentLinkRevoked: A payment link was revoked.
	PaymentLinkRevoked Type = "payment_link.revoked"
	// RefundCreated: A refund was recorded.
	RefundCreated Type = "refund.created"
	// RefundPendingSCA: You can be sent to your bank to authorise the refund.
	RefundPendingSCA Type = "refund.pending_sca"
	// RefundStalled: The bank has not said for a long time what became of the refund.
	RefundStalled Type = "refund.stalled"
	// RefundAmountMismatch: The bank shows another amount for the refund than was asked for.
	RefundAmountMismatch Type = "refund.amount_mismatch"
	// RefundCompleted: The refund was paid.
	RefundCompleted Type = "refund.completed"
	// RefundFailed: The bank rejected the refund.
	RefundFailed Type = "refund.failed"
	// RefundCancelled: The refund was cancelled.
	RefundCancelled Type = "refund.cancelled"
	// SubscriptionCreated: A subscription was recorded.
	SubscriptionCreated Type = "subscription.created"
	// SubscriptionPendingSCA: The payer can be sent to the bank to authorise a subscription.
	SubscriptionPendingSCA Type = "subscription.pending_sca"
	// SubscriptionActive: A subscription is collected from now on.
	SubscriptionActive Type = "subscription.active"
	// SubscriptionUntracked: The payer's bank executes a subscription and reports nothing further.
	SubscriptionUntracked Type = "subscription.untracked"
	// SubscriptionReplaced: Another subscription took the place of this one, which ends.
	SubscriptionReplaced Type = "subscription.replaced"
	// SubscriptionCompleted: The last occurrence of a subscription is decided.
	SubscriptionCompleted Type = "subscription.completed"
	// SubscriptionStopped: A subscription was ended by you, the payer or the bank.
	SubscriptionStopped Type = "subscription.stopped"
	// SubscriptionFailed: The bank or the payer refused a subscription.
	SubscriptionFailed Type = "subscription.failed"
	// SubscriptionExpired: Nobody authorised a subscription in time.
	SubscriptionExpired Type = "subscription.expired"
	// SubscriptionOccurrenceDue: Send the payer the payment link of an occurrence. Repeated as a reminder.
	SubscriptionOccurrenceDue Type = "subscription.occurrence.due"
	// SubscriptionOccurrencePaid: The money of an occurrence came.
	SubscriptionOccurrencePaid Type = "subscription.occurrence.paid"
	// SubscriptionOccurrenceMissed: The money of an occurrence did not and will not come.
	SubscriptionOccurrenceMissed Type = "subscription.occurrence.missed"
	// SubscriptionOccurrenceUnknown: Nothing was seen of an occurrence within five bank days.
	SubscriptionOccurrenceUnknown Type = "subscription.occurrence.unknown"
	// EndpointFailing: A type of event failed ten times in a row at one of your other endpoints. At most once a day.
	EndpointFailing Type = "webhook_endpoint.failing"
	// EndpointDisabled: One of your other endpoints was disabled because it failed.
	EndpointDisabled Type = "webhook_endpoint.disabled"
	// ReceivingConsentExpiring: Your consent to read your bank account ends soon: 14 and 3 days before.
	ReceivingConsentExpiring Type = "receiving_account.consent_expiring"
	// ReceivingDisconnected: Your bank account cannot be read any more: the consent has ended.
	ReceivingDisconnected Type = "receiving_account.disconnected"
	// OrderAwaitingPayment: An order was placed and waits for its payment.
	OrderAwaitingPayment Type = "order.awaiting_payment"
	// OrderReceived: An order is paid or accepted: prepare it.
	OrderReceived Type = "order.received"
	// OrderPreparing: An order is being prepared.
	OrderPreparing Type = "order.preparing"
	// OrderReady: An order is ready.
	OrderReady Type = "order.ready"
	// OrderServed: An order was served.
	OrderServed Type = "order.served"
	// OrderCancelled: An order was cancelled.
	OrderCancelled Type = "order.cancelled"
	// OrderExpired: An order was not paid in time.
	OrderExpired Type = "order.expired"
	// OrderPaymentFailed: The payment of an order failed.
	OrderPaymentFailed Type = "order.payment_failed"
	// OrderPaidLate: The payment of an order came after its end.
	OrderPaidLate Type = "order.paid_late"
	// OrderPaid: An order was paid at the counter.
	OrderPaid Type = "order.paid"
	// OrderLinesCancelled: A part of an order was cancelled, or its money given back after it had ended.
	OrderLinesCancelled Type = "order.lines_cancelled"
	// OrderRefundRequested: The refund of what was cancelled of an order was asked for again, or later.
	OrderRefundRequested Type = "order.refund_requested"
	// ProductLowStock: The stock of a product or variant came down to its threshold.
	ProductLowStock Type = "product.low_stock"
	// ProductSoldOut: The last piece of a product or variant is gone.
	ProductSoldOut Type = "product.sold_out"
	// PrinterOffline: A printer of your kitchen has been silent for five minutes.
	PrinterOffline Type = "printer.offline"
	// TillClosed: A day, month or year was closed, by hand or by itself.
	TillClosed Type = "till.closed"
	// BillOpened: The first order of a table that pays later opened a bill.
	BillOpened Type = "bill.opened"
	// BillSharePaid: A guest paid a part of a bill with EU Pay.
	BillSharePaid Type = "bill.share.paid"
	// BillPaid: A bill is paid in full.
	BillPaid Type = "bill.paid"
	// BillClosed: A bill is closed: it was paid, or you closed it.
	BillClosed Type = "bill.closed"
	// RewardEarned: A member got points, by a payment or as a new member.
	RewardEarned Type = "reward.earned"
	// RewardTakenBack: Points were taken back because a payment was refunded.
	RewardTakenBack Type = "reward.taken_back"
	// RewardAdjusted: You gave a member points, or took some.
	RewardAdjusted Type = "reward.adjusted"
	// RewardExpired: Points of a member expired.
	RewardExpired Type = "reward.expired"
	// RewardRedeemed: A redemption was captured; its points are spent.
	RewardRedeemed Type = "reward.redeemed"
	// RewardReleased: A redemption was released or has expired; its points can be used again.
	RewardReleased Type = "reward.released"
	// InvoiceCreated: An invoice was issued.
	InvoiceCreated Type = "invoice.created"
	// InvoiceSubmitted: An invoice is at the platform.
	InvoiceSubmitted Type = "invoice.submitted"
	// InvoiceSubmissionFailed: The platform did not take an invoice.
	InvoiceSubmissionFailed Type = "invoice.submission_failed"
	// InvoiceStatusUpdated: An invoice took a step of its life.
	InvoiceStatusUpdated Type = "invoice.status_updated"
	// InvoicePaymentReceived: A payment of an invoice was recorded.
	InvoicePaymentReceived Type = "invoice.payment_received"
	// InvoicePaid: An invoice is paid.
	InvoicePaid Type = "invoice.paid"
	// InvoiceCancelled: An invoice was cancelled by a credit note.
	InvoiceCancelled Type = "invoice.cancelled"
	// InvoiceCredited: A part of an invoice was credited.
	InvoiceCredited Type = "invoice.credited"
	// InvoiceRefunded: A paid invoice was given back by a credit note.
	InvoiceRefunded Type = "invoice.refunded"
	// InvoiceFailed: An invoice failed for good.
	InvoiceFailed Type = "invoice.failed"
	// InvoiceReceived: A supplier sent an invoice.
	InvoiceReceived Type = "invoice.received"
	// InvoiceAnswered: A received invoice was answered, or the platform refused the answer.
	InvoiceAnswered Type = "invoice.answered"
	// EndpointTest: a test of the endpoint that it comes to.
	EndpointTest Type = "webhook_endpoint.test"
)
