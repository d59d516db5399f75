package einvoicing

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/flux10"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

// client is a merchant. N is its number in the timetable.
type client struct {
	ID, Ref, Name, Email, Status string
	N                            int64
	// Decided is "approved" or "refused" once the merchant's identity was decided; LinkEnds is when the last link expires.
	Decided  string    `json:",omitempty"`
	LinkEnds time.Time `json:",omitzero"`
	// Next happens at Due without a person: approve, refuse, approve-then-expire or expire.
	Next string    `json:",omitempty"`
	Due  time.Time `json:",omitzero"`
}

// mandate permits a merchant to issue for a line of the directory.
type mandate struct {
	ID, Client, Ref, Status, Start, End string
	Entry                               entry
	Made                                time.Time
}

// entry is a line of the directory.
type entry struct {
	SIREN   string `json:"siren"`
	SIRET   string `json:"siret,omitempty"`
	Suffix  string `json:"suffix,omitempty"`
	Routing string `json:"routing_identifier,omitempty"`
}

// draft is an invoice in preparation.
type draft struct {
	ID, Client, Ref string
	Data            json.RawMessage
	Invoice, Number string `json:",omitempty"` // once validated
}

// invoice is a deposited document. N is its number in the timetable.
type invoice struct {
	ID, Client, Draft, Ref, Number, Issued, SIREN, Audience, Type string
	N                                                             int64
	Data                                                          json.RawMessage
	// Gross is BT-112, Rates those of the document, Collected the sum reported with 212 and CollectedAt that at each rate, in cents.
	Gross, Collected int64
	CollectedAt      map[int64]int64 `json:",omitempty"`
	Rates            []int64
	Events           []event
	// Plan are the future statuses, Due is when the first of them happens.
	Plan []wish    `json:",omitempty"`
	Due  time.Time `json:",omitzero"`
	// Received counts how often it was sent: once, and once for each refused duplicate.
	Received int
	Faults   []fault.Fault `json:",omitempty"`
}

// event is a step in the life cycle of an invoice.
type event struct {
	ID, Emitter, ReasonCode, Reason string
	Code                            int
	At                              time.Time
}

// report is a report of a period, or a payment of an invoice.
type report struct {
	ID, Client, Ref, Kind string
	Made                  time.Time
	Period                *flux10.Report `json:",omitempty"`
	Collection            *collection    `json:",omitempty"`
	// Replaced means that a later one replaced it.
	Replaced bool `json:",omitempty"`
}

// collection is a payment of an invoice (status 212).
type collection struct {
	Invoice, SIREN, Date string
	Amount               int64
	Rates                []flux10.PaymentRate
}

// registration is the sponsor's webhook.
type registration struct {
	ID     string   `json:"id"`
	URL    string   `json:"url"`
	Events []string `json:"events"`
	Secret string   `json:"secret,omitempty"`
}

// notice is a webhook to be sent.
type notice struct {
	ID, Type, Client, ObjectType, Object string
	At                                   time.Time
	Faults                               []fault.Fault `json:",omitempty"`
}

// line is a line of the journal: the newest state of one object, or of a collection and its invoice.
type line struct {
	Client   *client       `json:"c,omitempty"`
	Mandate  *mandate      `json:"m,omitempty"`
	Draft    *draft        `json:"d,omitempty"`
	Invoice  *invoice      `json:"i,omitempty"`
	Inbound  *inbound      `json:"in,omitempty"`
	Report   *report       `json:"r,omitempty"`
	Hook     *registration `json:"h,omitempty"`
	Notice   *notice       `json:"n,omitempty"`
	Ack      string        `json:"ack,omitempty"`  // of a notice
	Gone     string        `json:"gone,omitempty"` // a client or draft that was deleted
	Forgot   bool          `json:"forgot,omitempty"`
	Struck   string        `json:"struck,omitempty"` // a magic fault that has hit
	Sequence int64         `json:"sequence,omitempty"`
}

// state is the complete state of a platform. Its owner holds the lock.
type state struct {
	clients  map[string]*client
	mandates map[string]*mandate
	drafts   map[string]*draft
	invoices map[string]*invoice
	inbound  map[string]*inbound
	reports  map[string]*report
	unsent   map[string]*notice
	order    []string // ids of notices and reports in order of arrival
	hook     *registration
	struck   map[string]bool
	sequence int64

	refs    map[string]string // by kind, client and reference
	numbers map[string]*invoice
	steps   map[int64]string // ids of clients and invoices by their numbers
	files   map[string][]byte
	usage   map[string]int64
}

func newState() state {
	return state{
		clients: map[string]*client{}, mandates: map[string]*mandate{}, drafts: map[string]*draft{}, invoices: map[string]*invoice{}, inbound: map[string]*inbound{},
		reports: map[string]*report{}, unsent: map[string]*notice{}, struck: map[string]bool{}, refs: map[string]string{},
		numbers: map[string]*invoice{}, steps: map[int64]string{}, files: map[string][]byte{}, usage: map[string]int64{},
	}
}

func refKey(kind, client, ref string) string { return kind + "\n" + client + "\n" + ref }

// numberKey returns what must be unique: the seller, the year and the number (G1.42).
func numberKey(siren, issued, number string) string {
	return siren + "\n" + issued[:min(4, len(issued))] + "\n" + number
}

// read applies a line of the journal to the state.
func (s *state) read(l line) {
	s.sequence = max(s.sequence, l.Sequence)
	switch {
	case l.Forgot:
		sequence := s.sequence
		*s = newState()
		s.sequence = sequence
	case l.Client != nil:
		s.clients[l.Client.ID], s.steps[l.Client.N] = l.Client, l.Client.ID
		s.refs[refKey("client", "", l.Client.Ref)] = l.Client.ID
		s.sequence = max(s.sequence, l.Client.N)
	case l.Mandate != nil:
		s.mandates[l.Mandate.ID] = l.Mandate
		s.refs[refKey("mandate", l.Mandate.Client, l.Mandate.Ref)] = l.Mandate.ID
	case l.Draft != nil:
		s.drafts[l.Draft.ID] = l.Draft
		s.refs[refKey("draft", l.Draft.Client, l.Draft.Ref)] = l.Draft.ID
	case l.Report != nil:
		if l.Invoice != nil {
			s.readInvoice(l.Invoice)
		}
		if s.reports[l.Report.ID] == nil {
			s.order = append(s.order, l.Report.ID)
		}
		s.reports[l.Report.ID] = l.Report
		s.refs[refKey(refKind(l.Report.ID), l.Report.Client, l.Report.Ref)] = l.Report.ID
	case l.Inbound != nil:
		s.inbound[l.Inbound.ID] = l.Inbound
		s.sequence = max(s.sequence, l.Inbound.N)
	case l.Invoice != nil:
		s.readInvoice(l.Invoice)
	case l.Hook != nil:
		s.hook = l.Hook
	case l.Notice != nil:
		s.unsent[l.Notice.ID] = l.Notice
		s.order = append(s.order, l.Notice.ID)
	case l.Ack != "":
		delete(s.unsent, l.Ack)
	case l.Struck != "":
		s.struck[l.Struck] = true
	case l.Gone != "":
		s.remove(l.Gone)
	}
}

// readInvoice also removes the draft that became the invoice.
func (s *state) readInvoice(i *invoice) {
	s.invoices[i.ID], s.steps[i.N], s.numbers[numberKey(i.SIREN, i.Issued, i.Number)] = i, i.ID, i
	s.sequence = max(s.sequence, i.N)
	if d := s.drafts[i.Draft]; d != nil {
		d.Invoice, d.Number = i.ID, i.Number
	}
	if i.Draft == "" {
		s.refs[refKey("file", i.Client, i.Ref)] = i.ID
	}
}

// refKind distinguishes reports of sales from those of payments by their ids: references are unique within each.
func refKind(id string) string { return id[:3] }

func (s *state) remove(id string) {
	if c := s.clients[id]; c != nil {
		delete(s.refs, refKey("client", "", c.Ref))
	}
	if d := s.drafts[id]; d != nil {
		delete(s.refs, refKey("draft", d.Client, d.Ref))
	}
	delete(s.clients, id)
	delete(s.drafts, id)
}

// lines returns the shortest journal with the same content.
func (s *state) lines(add func(any) error) error {
	all := []line{{Sequence: s.sequence}}
	if s.hook != nil {
		all = append(all, line{Hook: s.hook})
	}
	for _, id := range slices.Sorted(maps.Keys(s.clients)) {
		all = append(all, line{Client: s.clients[id]})
	}
	for _, id := range slices.Sorted(maps.Keys(s.mandates)) {
		all = append(all, line{Mandate: s.mandates[id]})
	}
	for _, id := range slices.Sorted(maps.Keys(s.drafts)) {
		all = append(all, line{Draft: s.drafts[id]})
	}
	for _, id := range slices.Sorted(maps.Keys(s.invoices)) {
		all = append(all, line{Invoice: s.invoices[id]})
	}
	for _, id := range slices.Sorted(maps.Keys(s.inbound)) {
		all = append(all, line{Inbound: s.inbound[id]})
	}
	for _, id := range s.order {
		if r := s.reports[id]; r != nil {
			all = append(all, line{Report: r})
		} else if n := s.unsent[id]; n != nil {
			all = append(all, line{Notice: n})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.struck)) {
		all = append(all, line{Struck: key})
	}
	for _, l := range all {
		if err := add(l); err != nil {
			return err
		}
	}
	return nil
}
