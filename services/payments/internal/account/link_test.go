package account

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/consent"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

func TestACustomerLinksTheAccountsOfABank(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	address := r.start(who)
	if strings.Contains(address, who) {
		t.Errorf("the address names the customer: %s", address)
	}
	r.complete(r.visit(address, "nowhere"))
	list := r.list(who)
	if len(list) != 2 { // the savings book cannot pay
		t.Fatalf("linked %+v", list)
	}
	for _, a := range list {
		if a.BankName != "Bank of Nowhere (Sandbox)" || a.Currency != "EUR" || a.LinkedAt.IsZero() || a.ID == "" {
			t.Errorf("%+v", a)
		}
		party, err := r.Lookup(t.Context(), who, false, a.ID)
		r.must(err)
		if len(party.IBAN) != 27 || party.Kind != payment.Individual || party.Name != a.Name ||
			a.IBANMasked != party.IBAN[:4]+" •••• "+party.IBAN[23:] {
			t.Errorf("%+v is paid from as %+v", a, party)
		}
	}
	if list[0].Name == list[1].Name {
		t.Errorf("both are %q", list[0].Name)
	}
}

func TestNumbersAndTokensAreSealed(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	party, err := r.Lookup(t.Context(), who, false, r.link(who, "nowhere")[0].ID)
	r.must(err)
	user, err := r.consents.StoredUser(t.Context(), owner{ID: who})
	r.must(err)
	for _, table := range []string{"bank_users", "bank_accounts", "bank_visits"} {
		rows, err := r.pool.Query(t.Context(), "select encode(convert_to(x::text, 'UTF8'), 'escape') || coalesce(encode("+sealedOf(table)+", 'escape'), '') from "+table+" x")
		r.must(err)
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		r.must(err)
		if text := strings.Join(all, "\n"); text == "" || strings.Contains(text, party.IBAN) || strings.Contains(text, user.Token[40:]) {
			t.Errorf("%s can be read: %s", table, text)
		}
	}
	other := owner{ID: customer()}
	if _, err := r.pool.Exec(t.Context(), `insert into bank_users select $1, livemode, provider_user, token_key_id, token_sealed, created_at from bank_users`,
		other.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.consents.StoredUser(t.Context(), other); err == nil {
		t.Error("a token that was moved to another customer opens")
	}
}

func sealedOf(table string) string {
	switch table {
	case "bank_users":
		return "token_sealed"
	case "bank_accounts":
		return "iban_sealed"
	}
	return "''::bytea"
}

func TestTheSameReturnAgainMakesNoDoubles(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	back := r.visit(r.start(who), "nowhere")
	codes := make(chan string, 8)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			o, err := r.Complete(t.Context(), back)
			if err != nil || !o.Linked {
				t.Errorf("%+v, %v", o, err)
			}
			if o.Code != "" {
				codes <- o.Code
			}
		})
	}
	all.Wait()
	if len(codes) != 1 {
		t.Fatalf("%d have the code", len(codes))
	}
	id, _ := r.visitOf(back)
	r.must(r.Confirm(t.Context(), who, false, id, <-codes))
	before := r.list(who)
	r.complete(back)
	if after := r.list(who); len(after) != 2 || after[0] != before[0] || after[1] != before[1] {
		t.Errorf("%+v became %+v", before, after)
	}
	if n := r.count(`select count(*)::int from bank_accounts`); n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestAStateIsGoodForOneConnectionOnce(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	first, second := r.visit(r.start(who), "nowhere"), r.visit(r.start(who), "shrug")
	r.complete(first)
	replayed := Return{State: first.State, ConnectionID: second.ConnectionID}
	raw, err := base64.RawURLEncoding.DecodeString(second.State)
	r.must(err)
	forge := func(at int) Return {
		bad := append([]byte{}, raw...)
		bad[at] ^= 1
		return Return{State: base64.RawURLEncoding.EncodeToString(bad), ConnectionID: second.ConnectionID}
	}
	unknown := Return{State: r.consents.Sign(uuid.New(), r.clock.Now().Add(time.Minute)), ConnectionID: second.ConnectionID}
	for name, back := range map[string]Return{
		"replayed": replayed, "declined after": {State: first.State, Declined: true}, "other visit": forge(0), "longer life": forge(23),
		"other signature": forge(55), "empty": {ConnectionID: second.ConnectionID}, "short": {State: second.State[:40], ConnectionID: second.ConnectionID},
		"no visit": unknown, "padded": {State: second.State + "=", ConnectionID: second.ConnectionID},
	} {
		_, err := r.Complete(t.Context(), back)
		r.wants(errs.InvalidState, err, name)
	}
	if n := len(r.list(who)); n != 2 {
		t.Errorf("%d accounts", n)
	}
	r.clock.Advance(consent.VisitTTL)
	for name, back := range map[string]Return{"unused": second, "used": first} {
		_, err := r.Complete(t.Context(), back)
		r.wants(errs.InvalidState, err, "expired, "+name)
	}
}

func TestAConnectionOfAnotherCustomerCannotBeLinked(t *testing.T) {
	t.Parallel()
	r := setup(t)
	ada, bob := customer(), customer()
	hers, his := r.visit(r.start(ada), "nowhere"), r.visit(r.start(bob), "nowhere")
	for _, id := range []string{hers.ConnectionID, "1", "../../x", "", strings.Repeat("9", 80)} {
		_, err := r.Complete(t.Context(), Return{State: his.State, ConnectionID: id})
		r.wants(errs.NotFoundCode, err, "connection "+id)
	}
	r.complete(his) // the visit is still good for his own
	if len(r.list(ada)) != 0 || len(r.list(bob)) != 2 {
		t.Error("somebody has the other's accounts")
	}
}

func TestAccountsOfOthersAreInvisible(t *testing.T) {
	t.Parallel()
	r := setup(t)
	ada, bob := customer(), customer()
	id := r.link(ada, "nowhere")[0].ID
	r.link(bob, "nowhere")
	for _, who := range []struct {
		customer string
		live     bool
	}{{bob, false}, {ada, true}, {"x", false}, {uuid.Nil.String(), false}} {
		_, err := r.Lookup(t.Context(), who.customer, who.live, id)
		r.wants(errs.NotFoundCode, err, "look-up")
		r.wants(errs.NotFoundCode, r.Remove(t.Context(), who.customer, who.live, id), "removal")
		if list, err := r.List(t.Context(), who.customer, who.live); err == nil {
			for _, a := range list {
				if a.ID == id {
					t.Errorf("%+v sees it", who)
				}
			}
		}
	}
	for _, odd := range []string{"", "x", uuid.NewString(), id + " "} {
		_, err := r.Lookup(t.Context(), ada, false, odd)
		r.wants(errs.NotFoundCode, err, "account "+odd)
		r.wants(errs.NotFoundCode, r.Remove(t.Context(), ada, false, odd), "account "+odd)
	}
	if len(r.list(ada)) != 2 || len(r.list(bob)) != 2 {
		t.Error("an account is gone")
	}
}

func TestAnUnavailableProviderLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	down := func(operation string) {
		r.must(r.bank.SetFaults(bank.Fault{Kind: "error", Operation: operation, Status: 503}))
	}
	for _, operation := range []string{"init", "code"} {
		down(operation)
		_, err := r.Start(t.Context(), who, false, "")
		r.wants(errs.Unavailable, err, operation)
		if n := r.count(`select count(*)::int from bank_visits`); n != 0 {
			t.Errorf("%s: %d visits", operation, n)
		}
	}
	r.must(r.bank.SetFaults())
	back := r.visit(r.start(who), "nowhere")
	for _, operation := range []string{"connections", "accounts"} {
		down(operation)
		_, err := r.Complete(t.Context(), back)
		r.wants(errs.Unavailable, err, operation)
		if n := r.count(`select count(*)::int from bank_accounts`) + r.count(`select count(used_at)::int from bank_visits`); n != 0 {
			t.Errorf("%s: something was written", operation)
		}
	}
	r.must(r.bank.SetFaults())
	r.complete(back)
	if _, err := r.Start(t.Context(), who, true, ""); !errs.Is(err, errs.LiveNotConfigured) {
		t.Errorf("a mode without provider: %v", err)
	}
}

func TestACustomerDeclinesTheConnection(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	back := r.click(r.start(who), []url.Values{{"cancel": {"1"}}})
	if !back.Declined || back.ConnectionID != "" {
		t.Fatalf("%+v", back)
	}
	for range 2 { // the page is loaded again
		if o, err := r.Complete(t.Context(), back); o.Linked || o.ReturnURL != appLink || err != nil {
			t.Errorf("linked %t, then to %q, %v", o.Linked, o.ReturnURL, err)
		}
	}
	_, err := r.Complete(t.Context(), Return{State: back.State, ConnectionID: "1"})
	r.wants(errs.InvalidState, err, "a connection afterwards")
}

func TestLinkingABankAgainKeepsTheAccounts(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	before := r.link(who, "nowhere")
	after := r.link(who, "nowhere")
	if len(after) != 2 || after[0] != before[0] || after[1] != before[1] {
		t.Errorf("%+v became %+v", before, after)
	}
	if n := r.connections(); n != 2 {
		t.Fatalf("%d connections", n)
	}
	r.must(r.Sweep(t.Context()))
	if n := r.connections(); n != 1 {
		t.Errorf("%d connections: the first consent was not taken back", n)
	}
	if n := r.count(`select count(*)::int from bank_accounts`); n != 2 {
		t.Errorf("%d rows", n)
	}
	r.must(r.Remove(t.Context(), who, false, after[0].ID)) // at the connection that is left
	r.must(r.Remove(t.Context(), who, false, after[1].ID))
	if n := r.connections(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// poor is a provider whose banks share no payable accounts.
type poor struct{ Provider }

func (p poor) Accounts(ctx context.Context, u powens.User, connectionID string) (string, []powens.BankAccount, error) {
	bank, accounts, err := p.Provider.Accounts(ctx, u, connectionID)
	for n := range accounts {
		if accounts[n].IBAN != "" {
			accounts[n].Currency = "CHF"
		}
	}
	return bank, accounts, err
}

func TestAConnectionWithoutPayableAccountsIsDeleted(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	back := r.visit(r.start(who), "nowhere")
	r.test = poor{r.test}
	for range 2 {
		_, err := r.Complete(t.Context(), back)
		r.wants(errs.InvalidState, err, "nothing to pay with")
	}
	if len(r.list(who)) != 0 || r.connections() != 0 {
		t.Errorf("%d accounts, %d connections", len(r.list(who)), r.connections())
	}
}

func TestOldVisitsAreDeleted(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	r.link(who, "nowhere")
	r.must(r.Sweep(t.Context()))
	if n := r.count(`select count(*)::int from bank_visits`); n != 1 {
		t.Fatalf("%d visits", n)
	}
	r.clock.Advance(consent.VisitTTL + consent.VisitRetention + time.Second)
	r.must(r.Sweep(t.Context()))
	if n := r.count(`select count(*)::int from bank_visits`); n != 0 {
		t.Errorf("%d visits", n)
	}
}

func TestAVisitIsUsedOnceAlsoInARace(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	back := r.visit(r.start(who), "nowhere")
	r.complete(back)
	id, err := r.consents.Verify(back.State)
	r.must(err)
	v, err := r.consents.Visit(t.Context(), id)
	r.must(err)
	// As if both had read the visit before either used it.
	used, err := r.store.link(t.Context(), v, "7", []row{{providerID: "1", bank: "b", name: "n", masked: "m", fingerprint: []byte{1}}}, r.clock.Now())
	if !used || err != nil || len(r.list(who)) != 2 {
		t.Errorf("used %t, %v, then %d accounts", used, err, len(r.list(who)))
	}
	if first, err := consent.UseVisit(t.Context(), r.pool, id, "", r.clock.Now()); first || err != nil {
		t.Errorf("first %t, %v", first, err)
	}
	if again, err := r.consents.Visit(t.Context(), id); err != nil || again.ConnectionID != back.ConnectionID {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestTheSameConnectionOfASecondVisitIsNotTakenBack(t *testing.T) {
	t.Parallel()
	r := setup(t)
	who := customer()
	first, second := r.visit(r.start(who), "nowhere"), r.visit(r.start(who), "shrug")
	r.complete(first)
	before := r.list(who)
	r.complete(Return{State: second.State, ConnectionID: first.ConnectionID})
	r.must(r.Sweep(t.Context()))
	if after := r.list(who); len(after) != 2 || after[0] != before[0] || r.count(`select count(*)::int from bank_accounts`) != 2 {
		t.Errorf("%+v became %+v", before, after)
	}
	user, err := r.consents.StoredUser(t.Context(), owner{ID: who})
	r.must(err)
	if _, shared, err := r.test.Accounts(t.Context(), user, first.ConnectionID); err != nil || len(shared) != 3 {
		t.Errorf("the bank shares %+v, %v", shared, err)
	}
}
