package delivery

import (
	"time"

	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

type receivingData struct {
	AccountID     string `json:"account_id"`
	BankName      string `json:"bank_name"`
	IBANMasked    string `json:"iban_masked"`
	Status        string `json:"status"`
	Reason        string `json:"reason,omitempty"`
	ConsentEndsAt string `json:"consent_ends_at,omitempty"`
}

func receivingBody(c *eventsv1.ReceivingAccountChanged) receivingData {
	d := receivingData{AccountID: c.GetAccountId(), BankName: c.GetBankName(), IBANMasked: c.GetIbanMasked(), Status: c.GetState(), Reason: c.GetReason()}
	if c.GetConsentEndsAt().IsValid() {
		d.ConsentEndsAt = c.GetConsentEndsAt().AsTime().UTC().Format(time.RFC3339)
	}
	return d
}

func receivingMessage(e events.Event, c *eventsv1.ReceivingAccountChanged) (Message, error) {
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: c.GetAccountId(), Sequence: c.GetSequence(), at: happened(e, c.GetOccurredAt()),
		data: func(string) any { return receivingBody(c) },
	}, nil
}
