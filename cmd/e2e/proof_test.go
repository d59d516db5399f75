package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/payer"
	"european-pay.eu/eupay/sandbox/bank"
	eupay "european-pay.eu/eupay/sdk/go"
)

// receiver is a merchant whose own account is connected.
type receiver struct {
	*merchant
	iban    string
	account eupay.ReceivingAccount
}

// newReceiver registers a merchant with an account of its own, and connects it.
func (w *world) newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{merchant: w.newcomer(t), iban: payer.NewIBAN()}
	if _, err := r.office.Merchant.Update(t.Context(), eupay.MerchantChange{IBAN: &r.iban}); err != nil {
		t.Fatal(err)
	}
	r.enable(t, true)
	r.key = r.newKey(t, eupay.APIKeyParams{Name: "shop", PerMinute: 10_000})
	r.api, r.client = r.portalless().with(headers(r.key)...), r.portalless().client(r.key.APIKey, r.key.APISecret)
	r.site = newSite(t)
	made, err := r.office.WebhookEndpoints.Create(t.Context(), eupay.EndpointParams{URL: r.site.url + "/hooks", EventTypes: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	r.endpoint, r.site.secret = made.ID, string(made.Secret)
	r.account = r.connects(t)
	return r
}

// connects goes to the bank and back, and confirms.
func (r *receiver) connects(t *testing.T) eupay.ReceivingAccount {
	t.Helper()
	id, q := r.visits(t, "", r.iban, payer.Authorise)
	if q.Get("status") != "pending" || q.Get("visit") != id {
		t.Fatalf("came back with %v", q)
	}
	a, err := r.office.Settlement.Confirm(t.Context(), id, eupay.Secret(q.Get("code")))
	if err != nil {
		t.Fatal(err)
	}
	return *a
}

// visits goes to the bank as somebody who logs in with that name, and returns what the browser brings back.
func (r *receiver) visits(t *testing.T, account, login, answer string) (id string, back url.Values) {
	t.Helper()
	visit, err := r.office.Settlement.Connect(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	end, err := payer.Payer{Login: login}.Link(t.Context(), visit.ConnectURL, answer)
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(end)
	if err != nil || !strings.HasSuffix(to.Path, "/settlement/accounts") {
		t.Fatalf("ended at %q", end)
	}
	return visit.ID, to.Query()
}

// lines returns the lines in a state.
func (r *receiver) lines(t *testing.T, p eupay.BankLineParams) []eupay.BankLine {
	t.Helper()
	page, err := r.client.Settlement.Lines(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return page.Data
}

// books tells the sandbox bank how to book what is paid.
func (b banker) books(t *testing.T, rule bank.Booking) {
	t.Helper()
	raw, err := json.Marshal(rule)
	if err != nil {
		t.Fatal(err)
	}
	b.do(t, http.MethodPut, "/booking", string(raw), nil)
}

func refusedWith(err error, code eupay.Code) bool {
	var refused *eupay.Error
	return errors.As(err, &refused) && refused.Code == code
}

func TestTheMoneyCame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"EUPAY_PAYMENTS_SETTLEMENT_POLL": "1s"})
	m := w.newReceiver(t)
	t.Run("a payment is settled", func(t *testing.T) { settles(t, m) })
	t.Run("the bank's text is broken, and says nothing", func(t *testing.T) { settlesAnyway(t, m) })
	t.Run("several at once, and in parts", func(t *testing.T) { settlesInParts(t, m) })
	t.Run("a second transfer settles nothing else", func(t *testing.T) { comesTwice(t, m) })
	t.Run("a match is undone and made by a person", func(t *testing.T) { isUndone(t, m) })
	t.Run("a refund leaves the account", func(t *testing.T) { refundLeaves(t, m) })
	t.Run("another merchant sees nothing of it", func(t *testing.T) { isPrivate(t, w, m) })
	t.Run("only the account of the profile", func(t *testing.T) { onlyTheOwn(t, m) })
	t.Run("a standing order is executed", func(t *testing.T) { executesAnOrder(t, m) })
	t.Run("from a link to the books", func(t *testing.T) { tellsTheStory(t, w) })
	t.Run("the consent ends and is given anew", func(t *testing.T) { consentEnds(t, w, m) })
}

// settled waits until the payment is settled, and returns its line.
func (r *receiver) settled(t *testing.T, reference string) eupay.BankLine {
	t.Helper()
	r.site.next(t, "payment.settled", reference)
	lines := r.lines(t, eupay.BankLineParams{Reference: reference})
	if len(lines) != 1 || lines[0].Status != "matched" {
		t.Fatalf("the lines of %s are %+v", reference, lines)
	}
	return lines[0]
}

func settles(t *testing.T, m *receiver) {
	t.Helper()
	if m.account.Status != "connected" || m.account.IBANMasked != m.iban[:4]+" •••• "+m.iban[18:] || m.account.ConsentEndsAt.IsZero() {
		t.Errorf("the account is %+v", m.account)
	}
	p := m.paid(t, object{"reference": "ORDER-1001"})
	line := m.settled(t, p.Reference)
	if line.Amount != 2999 || line.AmountMatched != 2999 || len(line.Matches) != 1 || line.Matches[0].Rule != "reference" || line.Matches[0].Actor != "rule" ||
		!slices.Contains(line.Matches[0].Evidence, eupay.BankEvidence{Kind: "reference_in_text", Value: p.Reference}) {
		t.Errorf("the line is %+v", line)
	}
	if now := m.get(t, p.Reference); now.SettledAt.IsZero() || !now.UnsettledAt.IsZero() {
		t.Errorf("the payment is %+v", now)
	}
	if hook := m.site.next(t, "payment.settled", p.Reference); !strings.Contains(string(hook.raw), `"settled_at":"`+line.BookedOn+`T00:00:00Z"`) {
		t.Errorf("the webhook is %s", hook.raw)
	}
	detail, err := m.client.Settlement.Line(t.Context(), line.ID)
	if err != nil || len(detail.History) != 2 || detail.History[0].What != "recorded" || detail.History[1].What != "matched" {
		t.Errorf("the history is %+v, %v", detail, err)
	}
}

func settlesAnyway(t *testing.T, m *receiver) {
	t.Helper()
	for rule, booking := range map[string]bank.Booking{
		"reference": {Mangle: true}, "payer_and_amount": {Mute: true}, "words_and_amount": {Anonymous: true, DelayMS: 200},
	} {
		m.w.bank().books(t, booking)
		more := object{"reference": "SHOP-" + rule[:5] + "-77", "amount": 31 + len(rule)}
		p := m.paid(t, more)
		if line := m.settled(t, p.Reference); line.Matches[0].Rule != rule && rule != "words_and_amount" {
			t.Errorf("%+v: the line is %+v", booking, line)
		}
	}
	m.w.bank().books(t, bank.Booking{})
}

func settlesInParts(t *testing.T, m *receiver) {
	t.Helper()
	m.w.bank().books(t, bank.Booking{Batch: 2})
	first, second := m.paid(t, object{"amount": 12}), m.paid(t, object{"amount": 13.5})
	one, other := m.settled(t, first.Reference), m.settled(t, second.Reference)
	if one.ID != other.ID || one.Amount != 2550 || len(one.Matches) != 2 {
		t.Errorf("the line is %+v", one)
	}
	m.w.bank().books(t, bank.Booking{Split: 3})
	p := m.paid(t, object{"amount": 100})
	m.site.next(t, "payment.settled", p.Reference)
	parts := m.lines(t, eupay.BankLineParams{Reference: p.Reference})
	var sum eupay.Amount
	for _, l := range parts {
		sum += l.Amount
	}
	if len(parts) != 3 || sum != 10000 {
		t.Errorf("the parts are %+v", parts)
	}
	m.w.bank().books(t, bank.Booking{})
}

func comesTwice(t *testing.T, m *receiver) {
	t.Helper()
	m.w.bank().books(t, bank.Booking{Twice: true})
	p := m.paid(t, object{"amount": 21})
	m.w.bank().books(t, bank.Booking{})
	m.settled(t, p.Reference)
	eventually(t, "the second line is not matched", func() bool {
		return slices.ContainsFunc(m.lines(t, eupay.BankLineParams{State: "unmatched"}), func(l eupay.BankLine) bool {
			return l.Reason == "already_settled" && strings.Contains(l.Text, p.Reference) && l.AmountMatched == 0
		})
	})
}

func isUndone(t *testing.T, m *receiver) {
	t.Helper()
	p := m.paid(t, object{"amount": 22})
	line := m.settled(t, p.Reference)
	after, err := m.client.Settlement.Undo(t.Context(), line.Matches[0].ID, "not this order")
	if err != nil || after.AmountMatched != 0 || after.Matches[0].UndoneAt.IsZero() || !strings.HasPrefix(after.Matches[0].UndoneBy, "key:") {
		t.Fatalf("%+v, %v", after, err)
	}
	m.site.next(t, "payment.unsettled", p.Reference)
	missed, err := m.client.Settlement.Unsettled(t.Context(), eupay.ListParams{})
	if err != nil || len(missed.Data) != 1 || missed.Data[0].Reference != p.Reference || !m.get(t, p.Reference).SettledAt.IsZero() {
		t.Errorf("missed are %+v, %v", missed, err)
	}
	eventually(t, "the line waits for a person", func() bool {
		l, err := m.client.Settlement.Line(t.Context(), line.ID)
		return err == nil && l.Status == "suggested" && l.Reason == "undone" && l.Suggestions[0].Reference == p.Reference
	})
	again, err := m.client.Settlement.Match(t.Context(), line.ID, eupay.BankLineMatch{Payments: []eupay.MatchedPayment{{Reference: p.Reference}}, Note: "it was"})
	if err != nil || again.Status != "matched" || again.AmountMatched != 2200 {
		t.Fatalf("%+v, %v", again, err)
	}
	if missed, err := m.client.Settlement.Unsettled(t.Context(), eupay.ListParams{}); err != nil || len(missed.Data) != 0 || m.get(t, p.Reference).SettledAt.IsZero() {
		t.Errorf("missed are %+v, %v", missed, err)
	}
	_, err = m.client.Settlement.Match(t.Context(), line.ID, eupay.BankLineMatch{Payments: []eupay.MatchedPayment{{Reference: m.paid(t, nil).Reference}}})
	if !refusedWith(err, eupay.ErrInvalidState) {
		t.Errorf("a line without anything left is matched: %v", err)
	}
}

func refundLeaves(t *testing.T, m *receiver) {
	t.Helper()
	p := m.paid(t, object{"amount": 50})
	m.settled(t, p.Reference)
	refund, _ := m.refund(t, p, `{"amount":20}`)
	eventually(t, "the debit is matched", func() bool {
		lines := m.lines(t, eupay.BankLineParams{Reference: refund.Reference})
		return len(lines) == 1 && lines[0].Amount == -2000 && lines[0].Matches[0].Kind == "refund"
	})
}

func isPrivate(t *testing.T, w *world, m *receiver) {
	t.Helper()
	stranger := w.newMerchant(t)
	line := m.lines(t, eupay.BankLineParams{State: "matched"})[0]
	if _, err := stranger.client.Settlement.Line(t.Context(), line.ID); !refusedWith(err, eupay.ErrNotFound) {
		t.Errorf("another merchant's line: %v", err)
	}
	if _, err := stranger.client.Settlement.Undo(t.Context(), line.Matches[0].ID, ""); !refusedWith(err, eupay.ErrNotFound) {
		t.Errorf("another merchant's match: %v", err)
	}
	theirs := eupay.BankLineMatch{Payments: []eupay.MatchedPayment{{Reference: stranger.paid(t, nil).Reference}}}
	if _, err := m.client.Settlement.Match(t.Context(), line.ID, theirs); !refusedWith(err, eupay.ErrNotFound) {
		t.Errorf("another merchant's payment: %v", err)
	}
	if page, err := stranger.client.Settlement.Lines(t.Context(), eupay.BankLineParams{}); err != nil || len(page.Data) != 0 {
		t.Errorf("a stranger sees %+v, %v", page, err)
	}
	if err := stranger.office.Settlement.Remove(t.Context(), m.account.ID); !refusedWith(err, eupay.ErrNotFound) {
		t.Errorf("another merchant's account is removed: %v", err)
	}
}

func onlyTheOwn(t *testing.T, m *receiver) {
	t.Helper()
	if _, q := m.visits(t, "", payer.NewIBAN(), payer.Authorise); q.Get("status") != "refused" || q.Get("code") != "" {
		t.Errorf("another account: %v", q)
	}
	if _, q := m.visits(t, "", m.iban, payer.Refuse); q.Get("status") != "declined" {
		t.Errorf("a merchant who gives up: %v", q)
	}
}

func consentEnds(t *testing.T, w *world, m *receiver) {
	t.Helper()
	var at struct{ Connections []int64 }
	w.bank().do(t, http.MethodGet, "/accounts/"+m.iban+"/lines", "", &at)
	w.bank().do(t, http.MethodPost, fmt.Sprintf("/connections/%d/end", at.Connections[0]), "", nil)
	m.site.wait(t, "receiving_account.disconnected", "", func(h hook) bool {
		return h.body.Event == "receiving_account.disconnected" && strings.Contains(string(h.raw), m.account.ID)
	})
	if _, q := m.visits(t, m.account.ID, m.iban, payer.Authorise); q.Get("status") != "renewed" {
		t.Errorf("came back with %v", q)
	}
	p := m.paid(t, object{"amount": 23})
	m.settled(t, p.Reference)
	if err := m.office.Settlement.Remove(t.Context(), m.account.ID); err != nil {
		t.Fatal(err)
	}
	if page, err := m.client.Settlement.Accounts(t.Context(), eupay.ListParams{}); err != nil || len(page.Data) != 0 {
		t.Errorf("after its removal: %+v, %v", page, err)
	}
	m.auditHas(t, "removal_asked", "reconnect_asked", "connect_asked", "connect_asked", "connected", "connect_asked")
}

// auditHas compares what the merchant's audit log says of its receiving accounts, the newest first. It never has an account number in clear.
func (r *receiver) auditHas(t *testing.T, want ...string) {
	t.Helper()
	page, err := r.office.Merchant.Audit(t.Context(), eupay.AuditParams{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range page.Data {
		action, ours := strings.CutPrefix(e.Action, "receiving_account.")
		if !ours {
			continue
		}
		got = append(got, action)
		if text := string(e.Detail); e.ActorEmail != r.Email || strings.Contains(text, r.iban) || action == "connected" && !strings.Contains(text, r.account.IBANMasked) {
			t.Errorf("%s by %s has %s", e.Action, e.ActorEmail, text)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the audit log has %v, want %v", got, want)
	}
}

// executesAnOrder: the bank executes a standing order, and takes it back. The merchant's books and its customer's points follow.
func executesAnOrder(t *testing.T, m *receiver) {
	t.Helper()
	if _, err := m.client.Rewards.SetProgram(t.Context(), eupay.RewardProgramParams{PointsPerEuro: 100, PointValue: 5}); err != nil {
		t.Fatal(err)
	}
	s := m.authorised(t, "nowhere", eupay.SubscriptionParams{StartDate: inParis(t, 1), Amount: 2990, Metadata: eupay.Metadata{"reward_member": "M-1"}})
	m.w.bank().act(t, "execute", s.ID, nil)
	m.site.wait(t, "subscription.occurrence.paid", "", func(h hook) bool {
		return h.body.Event == "subscription.occurrence.paid" && strings.Contains(string(h.raw), s.ID)
	})
	if o := m.occurrences(t, s.ID)[0]; o.Status != eupay.OccurrencePaid || o.Evidence != "settlement" {
		t.Errorf("the occurrence is %+v", o)
	}
	var line eupay.BankLine
	for _, l := range m.lines(t, eupay.BankLineParams{State: "matched"}) {
		if l.SubscriptionID == s.ID {
			line = l
		}
	}
	if line.AmountMatched != 2990 || len(line.Matches) != 0 {
		t.Errorf("the line is %+v", line)
	}
	m.told(t, "reward.earned", s.ID+"/1", `"points":29`)
	m.hasReceipts(t, s.ID+"/1", "occurrence 29.90 0.00")
	var booked struct{ Lines []bank.Line }
	m.w.bank().do(t, http.MethodGet, "/accounts/"+m.iban+"/lines", "", &booked)
	m.w.bank().do(t, http.MethodPost, fmt.Sprintf("/lines/%d/delete", booked.Lines[len(booked.Lines)-1].ID), "", nil)
	eventually(t, "the occurrence is unknown again", func() bool { return m.occurrences(t, s.ID)[0].Status == eupay.OccurrenceUnknown })
	m.told(t, "reward.taken_back", s.ID+"/1", `"points":-29`)
	m.hasReceipts(t, s.ID+"/1", "occurrence 29.90 0.00", "occurrence_undone 0.00 29.90")
}

// hasReceipts compares what the file of receipts says of a reference: its type, what came, and what went.
func (r *receiver) hasReceipts(t *testing.T, reference string, want ...string) {
	t.Helper()
	_, raw := r.exports(t, eupay.ExportParams{Kind: eupay.ExportReceipts})
	var got []string
	for _, row := range table(t, raw) {
		if row["reference"] == reference {
			got = append(got, strings.Join([]string{row["type"], row["received"], row["paid_out"]}, " "))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the receipts of %s are %v, want %v", reference, got, want)
	}
}
