package ledger

import (
	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// change describes a change of a record: the suffix of its event's type, and the additional data of the event.
type change struct {
	// what is "created", "paid", …: the event is invoice.<what>.
	what string
	// detail appears only in the history.
	detail string
	// quiet changes have no event.
	quiet bool
	// Additional data of the event.
	step       *einvoicev1.LifecycleEvent
	payment    *einvoicev1.InvoicePayment
	creditNote string
}

// announcement returns the event of a change. It contains only what identifies the customer; other data can be read from the API.
func (r *Record) announcement(before Status, c change) *eventsv1.InvoiceChanged {
	v := r.Proto()
	v.Lines, v.Vat, v.Notes = nil, nil, ""
	v.Customer = &einvoicev1.Party{Name: v.GetCustomer().GetName(), Siren: v.GetCustomer().GetSiren()}
	return &eventsv1.InvoiceChanged{
		Invoice: v, PreviousStatus: string(before), OccurredAt: timestamppb.New(r.UpdatedAt), Step: c.step, Payment: c.payment, CreditNoteNumber: c.creditNote,
	}
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
