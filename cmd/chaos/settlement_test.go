package chaos

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"european-pay.eu/eupay/cmd/internal/payer"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// statement is a merchant who reads on the own account which payments have come.
type statement struct {
	*seller
	iban string

	mu       sync.Mutex
	payments []*credit
	told     map[string][]string // payment → settled and unsettled, as they came
}

// credit is a payment that goes to the account.
type credit struct {
	reference string
	cents     int64
	// takenBack: the bank took its line back after it was settled.
	takenBack bool
}

// bankLine is a line of an account as the bank has it.
type bankLine struct {
	ID      int64
	Cents   int64
	Text    string
	Deleted bool
}

// bookings are how the bank books what is paid, one after the other. Each loses what it has not booked when it is killed.
var bookings = []object{{}, {"twice": true}, {"mangle": true, "split": 2}, {"batch": 3, "delay_ms": 500}, {"mangle": true, "delay_ms": 1500}}

// newStatement registers a merchant with an account that nobody else has, and connects it.
func newStatement(ctx context.Context, t *testing.T, w *world) *statement {
	t.Helper()
	s := &statement{iban: payer.NewIBAN(), told: make(map[string][]string)}
	s.seller = newSeller(t, w, "statement", s.iban, s.hear)
	visit, err := s.office.Settlement.Connect(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	end, err := payer.Payer{Login: s.iban}.Link(ctx, visit.ConnectURL, payer.Authorise)
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(end)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.office.Settlement.Confirm(ctx, visit.ID, eupay.Secret(to.Query().Get("code"))); err != nil {
		t.Fatalf("the account is not connected: %v, came back with %s", err, end)
	}
	return s
}

func (s *statement) hear(e *webhook.Event) {
	p, ok := e.Data.(*webhook.Payment)
	if !ok || e.Type != "payment.settled" && e.Type != "payment.unsettled" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[p.Reference] = append(s.told[p.Reference], strings.TrimPrefix(string(e.Type), "payment."))
}

// book tells the bank how to book from now on.
func (s *statement) book(ctx context.Context, n int) {
	s.t.Helper()
	if status := s.request(ctx, http.MethodPut, s.w.sys.BankManagementURL()+"/booking", bookings[n%len(bookings)], nil); status != http.StatusOK {
		s.t.Errorf("the bank does not change how it books: %d", status)
	}
}

func (s *statement) use(ctx context.Context, n int) {
	c := &credit{cents: int64(2000 + 13*n)}
	var ok bool
	c.reference, ok = s.pays(ctx, eupay.PaymentParams{Amount: eupay.Amount(c.cents), Description: "Order", Reference: fmt.Sprint("ORDER-", n)})
	if !ok {
		return
	}
	s.mu.Lock()
	s.payments = append(s.payments, c)
	s.mu.Unlock()
	if n%5 == 0 {
		s.takeBack(ctx, c)
	}
}

// takeBack waits until a payment is settled that has a line of its own, and lets the bank take that back.
func (s *statement) takeBack(ctx context.Context, c *credit) {
	lines, ok := s.lines(ctx)
	lines = slices.DeleteFunc(lines, func(l bankLine) bool { return !names(l, c) })
	if !ok || len(lines) != 1 || lines[0].Cents != c.cents {
		return
	}
	until(ctx, rest, func() bool {
		p, err := s.api.Payments.Get(ctx, c.reference)
		return err == nil && !p.SettledAt.IsZero()
	})
	path := fmt.Sprintf("%s/lines/%d/delete", s.w.sys.BankManagementURL(), lines[0].ID)
	c.takenBack = until(ctx, pause, func() bool { return s.request(ctx, http.MethodPost, path, object{}, nil) == http.StatusOK })
}

// lines are those of the account at the bank.
func (s *statement) lines(ctx context.Context) ([]bankLine, bool) {
	var got struct{ Lines []bankLine }
	status := s.request(ctx, http.MethodGet, s.w.sys.BankManagementURL()+"/accounts/"+s.iban+"/lines", nil, &got)
	return got.Lines, status == http.StatusOK
}

// names reports whether a line names a payment, as far as the bank has left its text whole.
func names(l bankLine, c *credit) bool { return strings.Contains(plain(l.Text), plain(c.reference)) }

func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, text)
}

// bookTheRest books what the bank has lost when it was killed: late, with the text of the transfer.
func (s *statement) bookTheRest(ctx context.Context, t *testing.T) {
	t.Helper()
	s.book(ctx, 0)
	lines, ok := s.lines(ctx)
	if !ok {
		t.Fatal("the bank does not show its lines")
	}
	for _, c := range s.payments {
		if slices.ContainsFunc(lines, func(l bankLine) bool { return names(l, c) }) {
			continue
		}
		line := object{"cents": c.cents, "text": "VIR SEPA " + c.reference}
		if status := s.request(ctx, http.MethodPost, s.w.sys.BankManagementURL()+"/accounts/"+s.iban+"/lines", line, nil); status != http.StatusOK {
			t.Errorf("the bank does not book %s: %d", c.reference, status)
		}
	}
}

func (s *statement) compareBooks(ctx context.Context, t *testing.T) {
	t.Helper()
	s.bookTheRest(ctx, t)
	agree(ctx, t, s.payments, s.differences)
	agree(ctx, t, []*statement{s}, func(ctx context.Context, s *statement) []string { return s.sums(ctx) })
	t.Logf("%d payments to a connected account", len(s.payments))
}

// differences tell where REST and webhooks disagree on whether the money of a payment came.
func (s *statement) differences(ctx context.Context, c *credit) (wrong []string) {
	p, err := s.api.Payments.Get(ctx, c.reference)
	if err != nil {
		return []string{err.Error()}
	}
	want := []string{"settled"}
	if c.takenBack {
		want = append(want, "unsettled")
	}
	s.mu.Lock()
	told := s.told[c.reference]
	s.mu.Unlock()
	if !slices.Equal(told, want) || p.SettledAt.IsZero() != c.takenBack || p.UnsettledAt.IsZero() == c.takenBack {
		wrong = append(wrong, fmt.Sprintf("%s: settled at %s, unsettled at %s, the webhooks told %v, want %v", c.reference, p.SettledAt, p.UnsettledAt, told, want))
	}
	var matched eupay.Amount
	page, err := s.api.Settlement.Lines(ctx, eupay.BankLineParams{Reference: c.reference})
	if err != nil {
		return append(wrong, err.Error())
	}
	for _, l := range page.Data {
		for _, m := range l.Matches {
			if m.Reference == c.reference && m.UndoneAt.IsZero() {
				matched += m.Amount
			}
		}
	}
	if due := eupay.Amount(c.cents); !c.takenBack && matched != due || c.takenBack && matched != 0 {
		wrong = append(wrong, fmt.Sprintf("%s: %s of %s are matched", c.reference, matched, due))
	}
	return wrong
}

// sums compares the lines of REST with those of the bank, and what is missed with what the bank took back.
func (s *statement) sums(ctx context.Context) (wrong []string) {
	lines, ok := s.lines(ctx)
	if !ok {
		return []string{"the bank does not show its lines"}
	}
	var atTheBank, shown []string
	for _, l := range lines {
		atTheBank = append(atTheBank, fmt.Sprint(eupay.Amount(l.Cents), " deleted:", l.Deleted))
	}
	for l, err := range s.api.Settlement.AllLines(ctx, eupay.BankLineParams{}) {
		if err != nil {
			return []string{err.Error()}
		}
		shown = append(shown, fmt.Sprint(l.Amount, " deleted:", l.Status == "gone"))
	}
	slices.Sort(atTheBank)
	slices.Sort(shown)
	if only, missing := compare(shown, atTheBank); len(only)+len(missing) > 0 {
		wrong = append(wrong, fmt.Sprintf("REST shows the lines %q too much, and not %q", only, missing))
	}
	var missed, takenBack []string
	for p, err := range s.api.Settlement.AllUnsettled(ctx, eupay.ListParams{}) {
		if err != nil {
			return []string{err.Error()}
		}
		missed = append(missed, p.Reference)
	}
	for _, c := range s.payments {
		if c.takenBack {
			takenBack = append(takenBack, c.reference)
		}
	}
	slices.Sort(missed)
	slices.Sort(takenBack)
	if !slices.Equal(missed, takenBack) {
		wrong = append(wrong, fmt.Sprintf("missed are %v, and the bank took back %v", missed, takenBack))
	}
	return wrong
}
