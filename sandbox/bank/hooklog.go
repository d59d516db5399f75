package bank

// Webhook is one attempt to deliver, or what a fault made of it.
type Webhook struct {
	ID      int64  `json:"id_webhook_data"`
	Payment int64  `json:"id_payment"`
	State   string `json:"state"`
	Attempt int    `json:"attempt"`
	// Status is that of the listener's answer; 0 is none.
	Status int `json:"status"`
	// Date is the BI-Signature-Date.
	Date string `json:"date"`
	// Fault says why it was sent at all, or not: webhook-duplicate, webhook-forged, webhook-missing.
	Fault string `json:"fault,omitempty"`
}
