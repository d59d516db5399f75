package delivery

import (
	"time"

	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

type printerData struct {
	PrinterID  string `json:"printer_id"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	LastSeenAt string `json:"last_seen_at"`
	Waiting    int64  `json:"waiting_jobs"`
}

func printerMessage(e events.Event, c *eventsv1.PrinterChanged) (Message, error) {
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: c.GetPrinterId(), Sequence: c.GetSequence(), at: happened(e, c.GetOccurredAt()),
		data: func(string) any {
			return printerData{
				PrinterID: c.GetPrinterId(), Name: c.GetName(), Status: c.GetStatus(), LastSeenAt: c.GetLastSeenAt().AsTime().UTC().Format(time.RFC3339),
				Waiting: c.GetWaiting(),
			}
		},
	}, nil
}
