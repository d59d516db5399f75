package bank

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"european-pay.eu/eupay/sandbox/bank/internal/iban"
	"european-pay.eu/eupay/sandbox/internal/timetable"
)

// ErrUnknownLine means that no account has a line with this id.
var ErrUnknownLine = errors.New("unknown line")

// Line is a line of an account, as in the journal.
type Line struct {
	ID int64 `json:"id"`
	// IBAN is the account. Cents is negative for a debit.
	IBAN  string `json:"iban"`
	Cents int64  `json:"cents"`
	// Date is the day of the booking, YYYY-MM-DD, in Paris.
	Date string `json:"date"`
	// Text is what the bank writes; Name and Other are the other account, if the bank names it.
	Text  string `json:"text"`
	Name  string `json:"name,omitempty"`
	Other string `json:"other,omitempty"`
	// Coming: announced and not booked. Deleted: taken back.
	Coming  bool `json:"coming,omitempty"`
	Deleted bool `json:"deleted,omitempty"`
	// Updated is when the line was last changed; nobody sees it before.
	Updated time.Time `json:"updated"`
}

// Booking tells how the banks book what is paid into an account that somebody has connected. The zero value books at once.
type Booking struct {
	// Never: what is paid does not arrive.
	Never bool `json:"never,omitempty"`
	// DelayMS is how late it arrives.
	DelayMS int `json:"delay_ms,omitempty"`
	// Batch collects so many credits of an account in one line, which names their references.
	Batch int `json:"batch,omitempty"`
	// Split books a credit as so many lines with the same text.
	Split int `json:"split,omitempty"`
	// Twice books everything two times.
	Twice bool `json:"twice,omitempty"`
	// Mangle breaks the text as banks do: capitals, no hyphens, line breaks within words.
	Mangle bool `json:"mangle,omitempty"`
	// Mute leaves everything out of the text that names the payment. Anonymous leaves the other account out.
	Mute      bool `json:"mute,omitempty"`
	Anonymous bool `json:"anonymous,omitempty"`
	// Coming announces lines, which are booked when a control says so.
	Coming bool `json:"coming,omitempty"`
}

// ledger has the lines of all accounts.
type ledger struct {
	mu     sync.Mutex
	lines  map[string][]*Line // by IBAN, oldest first
	byID   map[int64]*Line
	next   int64
	rule   Booking
	parked map[string][]Line // credits that wait for their batch
	due    *timetable.Table  // lines that become visible
}

func newLedger() *ledger {
	l := &ledger{due: timetable.New()}
	l.clear()
	return l
}

func (l *ledger) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines, l.byID, l.parked, l.rule = map[string][]*Line{}, map[int64]*Line{}, map[string][]Line{}, Booking{}
	l.next = max(l.next, 1)
	l.due.Clear()
}

// put adds a line or replaces the one with its id.
func (l *ledger) put(x Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.byID[x.ID]; old != nil {
		*old = x
		return
	}
	l.byID[x.ID] = &x
	l.lines[x.IBAN] = append(l.lines[x.IBAN], &x)
	l.next = max(l.next, x.ID+1)
}

// of returns the lines of an account that were changed after since and are visible, oldest first.
func (l *ledger) of(account string, since, now time.Time) []Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Line
	for _, x := range l.lines[account] {
		if x.Updated.After(since) && !x.Updated.After(now) {
			list = append(list, *x)
		}
	}
	return list
}

func (l *ledger) get(id int64) (Line, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if x := l.byID[id]; x != nil {
		return *x, true
	}
	return Line{}, false
}

// SetBooking changes how what is paid from now on is booked.
func (b *Bank) SetBooking(rule Booking) {
	b.ledger.mu.Lock()
	defer b.ledger.mu.Unlock()
	b.ledger.rule = rule
}

// Booking returns how what is paid is booked.
func (b *Bank) Booking() Booking {
	b.ledger.mu.Lock()
	defer b.ledger.mu.Unlock()
	return b.ledger.rule
}

// executed books the transfers of a payment that was executed, on the accounts that somebody has connected.
func (b *Bank) executed(r *record) {
	for i := range r.Instructions {
		in := &r.Instructions[i]
		if in.State != StateDone && in.State != StateAccepted {
			continue
		}
		text := strings.TrimSpace("VIR SEPA " + in.Label + " " + in.ReferenceID)
		to, from := in.Beneficiary, account{}
		if r.Payer != nil {
			from = *r.Payer
		}
		b.transfer(Line{IBAN: iban.Normalise(to.Identification), Cents: in.Cents, Text: text, Name: from.Label, Other: iban.Normalise(from.Identification)})
		b.transfer(Line{IBAN: iban.Normalise(from.Identification), Cents: -in.Cents, Text: text, Name: to.Label, Other: iban.Normalise(to.Identification)})
	}
}

// transfer books one side of a transfer as the rule says. Updated is when it was executed; zero: now.
func (b *Bank) transfer(x Line) {
	if x.IBAN == "" || !b.links.has(x.IBAN) {
		return
	}
	rule := b.Booking()
	if rule.Never {
		b.stats.count("line never booked")
		return
	}
	list := []Line{x}
	if rule.Batch > 1 && x.Cents > 0 {
		list = b.ledger.park(x, rule.Batch)
	}
	if rule.Split > 1 {
		list = split(x, rule.Split)
	}
	if rule.Twice {
		list = append(list, list...)
	}
	for _, one := range list {
		one.Text = rule.text(one.Text)
		if rule.Anonymous {
			one.Name, one.Other = "", ""
		}
		one.Coming = rule.Coming
		one.Date, one.Updated = b.seen(x.Updated, rule)
		if _, err := b.BookLine(one); err != nil {
			b.cfg.Log.Error("line not booked", "error", err)
		}
	}
}

// seen returns the day on which a transfer that was executed at a moment is booked, and when it shows: not before now.
func (b *Bank) seen(executed time.Time, rule Booking) (date string, at time.Time) {
	now := b.cfg.Now().UTC()
	if executed.IsZero() {
		executed = now
	}
	at = executed.Add(time.Duration(rule.DelayMS) * time.Millisecond).UTC()
	date = at.In(paris).Format(time.DateOnly)
	if at.Before(now) {
		at = now
	}
	return date, at
}

// park keeps a credit until its batch is full, and then returns the line of the batch.
func (l *ledger) park(x Line, size int) []Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parked[x.IBAN] = append(l.parked[x.IBAN], x)
	if len(l.parked[x.IBAN]) < size {
		return nil
	}
	whole := Line{IBAN: x.IBAN, Text: fmt.Sprintf("REMISE %d VIREMENTS", size)}
	for _, one := range l.parked[x.IBAN] {
		whole.Cents += one.Cents
		words := strings.Fields(one.Text)
		whole.Text += " " + words[len(words)-1]
	}
	delete(l.parked, x.IBAN)
	return []Line{whole}
}

func split(x Line, n int) []Line {
	list := make([]Line, 0, n)
	for i := range n {
		part := x
		part.Cents = x.Cents / int64(n)
		if i == 0 {
			part.Cents += x.Cents % int64(n)
		}
		list = append(list, part)
	}
	return list
}

// text is what the bank makes of a text.
func (r Booking) text(s string) string {
	if r.Mute {
		return "VIR SEPA RECU"
	}
	if !r.Mangle {
		return s
	}
	s = strings.ToUpper(strings.ReplaceAll(s, "-", ""))
	var out strings.Builder
	for i, c := range []rune(s) {
		if i > 0 && i%35 == 0 { // the width of a line of a statement
			out.WriteByte('\n')
		}
		out.WriteRune(c)
	}
	return out.String()
}

// BookLine books a line on an account, now if Updated is zero, and tells the clients that have connected the account. It returns its
// id.
func (b *Bank) BookLine(x Line) (int64, error) {
	now := b.cfg.Now().UTC()
	if x.Updated.IsZero() {
		x.Updated = now
	}
	x.IBAN, x.Other = iban.Normalise(x.IBAN), iban.Normalise(x.Other)
	if !iban.Valid(x.IBAN) || x.Cents == 0 {
		return 0, errors.New("a line needs a valid iban and cents that are not 0")
	}
	if x.Date == "" {
		x.Date = x.Updated.In(paris).Format(time.DateOnly)
	}
	b.ledger.mu.Lock()
	x.ID = b.ledger.next
	b.ledger.next++
	b.ledger.mu.Unlock()
	return x.ID, b.keepLine(x)
}

// keepLine stores a line in the journal and announces it when it is visible.
func (b *Bank) keepLine(x Line) error {
	if err := b.journal.Append(line{Line: &x}); err != nil {
		return err
	}
	b.ledger.put(x)
	b.stats.count("line booked")
	if x.Updated.After(b.cfg.Now()) {
		b.ledger.due.Add(x.ID, x.Updated)
	} else {
		b.sync(x.ID)
	}
	return nil
}

// ChangeLine changes a line as the bank does later: fn gets a copy.
func (b *Bank) ChangeLine(id int64, fn func(*Line)) error {
	x, ok := b.ledger.get(id)
	if !ok {
		return ErrUnknownLine
	}
	fn(&x)
	x.ID, x.Updated = id, b.cfg.Now().UTC()
	return b.keepLine(x)
}

// BankLines returns every line of an account, oldest first, also those that nobody sees yet.
func (b *Bank) BankLines(account string) []Line {
	return b.ledger.of(iban.Normalise(account), time.Time{}, time.Unix(1<<40, 0))
}

// sync tells the clients about the account of a line.
func (b *Bank) sync(lineID int64) {
	x, ok := b.ledger.get(lineID)
	if !ok {
		return
	}
	for _, c := range b.links.sharing(x.IBAN) {
		b.announceSync(c)
	}
}

// sharing returns the connections that share an account that has a number of its own, oldest first.
func (l *links) sharing(account string) []connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []connection
	for _, x := range l.byID {
		if x.Own == account && x.State == "" {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b connection) int { return int(a.ID - b.ID) })
	return list
}

// has reports whether anybody has connected the account.
func (l *links) has(account string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.byID {
		if x.Own == account {
			return true
		}
	}
	return false
}
