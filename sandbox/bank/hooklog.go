package bank

// Webhook is a delivery attempt, or what a fault made of it.
type Webhook struct {
	ID      int64  `json:"id_webhook_data"`
	Payment int64  `json:"id_payment"`
	State   string `json:"state"`
	Attempt int    `json:"attempt"`
	// Status of the listener's answer; 0 if there was none.
	Status int `json:"status"`
	// Date is the BI-Signature-Date.
	Date string `json:"date"`
	// Fault says why it was sent or not sent: webhook-duplicate, webhook-forged, webhook-missing.
	Fault string `json:"fault,omitempty"`
}
