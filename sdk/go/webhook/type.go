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
	// EndpointTest: a test of the endpoint that it comes to.
	EndpointTest Type = "webhook_endpoint.test"
)
