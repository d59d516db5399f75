package chaos

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"european-pay.eu/eupay/cmd/internal/system"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// shop is a merchant who sells by payment links.
type shop struct {
	*seller

	mu    sync.Mutex
	sales []*sale
	// What the webhooks told: the payments by which a link was paid, how often a link was revoked, and how often a payment was completed.
	paid      map[string][]string
	revoked   map[string]int
	completed map[string]int
}

// sale is a link and what became of it.
type sale struct {
	// own is its description, which no other link has.
	own     string
	link    *eupay.PaymentLink
	revoked bool

	mu sync.Mutex
	// begun are the payments that payers were given, and authorised those of which the bank has said yes.
	begun, authorised []string
}

func newShop(t *testing.T, w *world) *shop {
	t.Helper()
	s := &shop{paid: make(map[string][]string), revoked: make(map[string]int), completed: make(map[string]int)}
	s.seller = newSeller(t, w, "shop", system.MerchantIBAN, s.hear)
	return s
}

func (s *shop) hear(e *webhook.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch about := e.Data.(type) {
	case *webhook.Payment:
		if e.Type == "payment.completed" {
			s.completed[about.Reference]++
		}
	case *webhook.PaymentLink:
		switch e.Type {
		case "payment_link.paid":
			s.paid[about.ID] = append(s.paid[about.ID], about.PaymentReference)
		case "payment_link.revoked":
			s.revoked[about.ID]++
		}
	}
}

// salesWays are what becomes of links.
var salesWays = []func(*shop, context.Context, *sale){
	(*shop).sellOnce, (*shop).sellStock, (*shop).sellHosted, (*shop).sellOpenAmount, (*shop).revokeHosted, (*shop).sellAfterRefusal, (*shop).revokeWhileOpen,
}

func (s *shop) use(ctx context.Context, n int) {
	x := &sale{own: fmt.Sprint("Sale ", n)}
	salesWays[n%len(salesWays)](s, ctx, x)
	if x.link != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sales = append(s.sales, x)
	}
}

// offer makes the link of a sale.
func (s *shop) offer(ctx context.Context, x *sale, p eupay.PaymentLinkParams) bool {
	p.Description, p.IdempotencyKey = x.own, x.own
	link, err := insistOn(ctx, func(ctx context.Context) (*eupay.PaymentLink, error) { return s.api.PaymentLinks.Create(ctx, p) })
	if err != nil {
		s.unexpected(ctx, "offer "+x.own, err)
		return false
	}
	x.link = link
	return true
}

// sellOnce has three payers who open the same link at once.
func (s *shop) sellOnce(ctx context.Context, x *sale) {
	if s.offer(ctx, x, eupay.PaymentLinkParams{Amount: 1999}) {
		s.sellTo(ctx, x, 3, func(int) eupay.Amount { return 0 })
	}
}

// sellStock has more payers than goods.
func (s *shop) sellStock(ctx context.Context, x *sale) {
	if s.offer(ctx, x, eupay.PaymentLinkParams{Amount: 2500, Reusable: true, MaxUses: 3}) {
		s.sellTo(ctx, x, 5, func(int) eupay.Amount { return 0 })
	}
}

func (s *shop) sellOpenAmount(ctx context.Context, x *sale) {
	if s.offer(ctx, x, eupay.PaymentLinkParams{MinimumAmount: 100, Reusable: true}) {
		s.sellTo(ctx, x, 3, func(n int) eupay.Amount { return eupay.Amount(1000 + n) })
	}
}

func (s *shop) sellTo(ctx context.Context, x *sale, payers int, amount func(n int) eupay.Amount) {
	var all sync.WaitGroup
	defer all.Wait()
	for n := range payers {
		all.Go(func() { s.buy(ctx, x, amount(n)) })
	}
}

// sellAfterRefusal has a payer who gives up, and another one who then pays.
func (s *shop) sellAfterRefusal(ctx context.Context, x *sale) {
	if !s.offer(ctx, x, eupay.PaymentLinkParams{Amount: 3100}) {
		return
	}
	if reference := s.open(ctx, x, newPayer(s.t, s.w), 0, "refused"); reference != "" {
		s.refuse(ctx, reference)
	}
	s.buy(ctx, x, 0)
}

// revokeWhileOpen revokes a link that a payer has open, who pays all the same.
func (s *shop) revokeWhileOpen(ctx context.Context, x *sale) {
	if !s.offer(ctx, x, eupay.PaymentLinkParams{Amount: 700}) {
		return
	}
	reference := s.open(ctx, x, newPayer(s.t, s.w), 0, "open")
	s.revoke(ctx, x)
	if reference != "" && s.authorise(ctx, reference) {
		x.note(&x.authorised, reference)
	}
}

func (s *shop) revoke(ctx context.Context, x *sale) {
	x.revoked = true
	_, err := insistOn(ctx, func(ctx context.Context) (*eupay.PaymentLink, error) {
		return s.api.PaymentLinks.Revoke(ctx, x.link.ID)
	})
	if err != nil {
		s.unexpected(ctx, "revoke "+x.own, err)
	}
}

// buy is a payer who opens a link and pays, again when the bank has not taken the payment.
func (s *shop) buy(ctx context.Context, x *sale, amount eupay.Amount) {
	payer := newPayer(s.t, s.w)
	for try := range 5 {
		reference := s.open(ctx, x, payer, amount, fmt.Sprintf("%p-%d", &payer, try))
		if reference == "" {
			return
		}
		if s.authorise(ctx, reference) {
			x.note(&x.authorised, reference)
			return
		}
	}
}

// open is a payer who opens a link until there is a way to the bank; empty: the link takes no payment.
func (s *shop) open(ctx context.Context, x *sale, payer eupay.Payers, amount eupay.Amount, key string) string {
	made, err := s.begin(ctx, payer, x.link.URL, amount, x.own+" "+key)
	switch {
	case err == nil:
		x.note(&x.begun, made.Reference)
		return made.Reference
	case !refusedWith(err, eupay.ErrInvalidState):
		s.unexpected(ctx, "open "+x.own, err)
	}
	return ""
}

func (x *sale) note(list *[]string, reference string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !slices.Contains(*list, reference) {
		*list = append(*list, reference)
	}
}

// hosted is a link whose page is the bank connection's.
var hosted = eupay.PaymentLinkParams{Amount: 4200, Host: "powens", Customer: &eupay.Payer{FirstName: "Ada", LastName: "Payer"}}

// sellHosted has a payer at the page of the bank connection.
func (s *shop) sellHosted(ctx context.Context, x *sale) {
	if !s.offer(ctx, x, hosted) {
		return
	}
	until(ctx, pause, func() bool {
		now, err := s.api.PaymentLinks.Get(ctx, x.link.ID)
		if err == nil {
			x.link = now
		}
		return err == nil && now.URL != ""
	})
	until(ctx, pause, func() bool {
		resp, err := s.http.Post(x.link.URL, "application/x-www-form-urlencoded", nil)
		if err != nil {
			return false
		}
		resp.Body.Close()
		to, err := url.Parse(resp.Header.Get("Location"))
		if err != nil {
			return false
		}
		id, err := strconv.ParseInt(to.Query().Get("payment_id"), 10, 64)
		return err == nil && s.act(ctx, id, "authorise") == http.StatusOK || resp.StatusCode == http.StatusConflict // it is paid
	})
}

// revokeHosted revokes a link at once, perhaps before the bank connection has made it.
func (s *shop) revokeHosted(ctx context.Context, x *sale) {
	if s.offer(ctx, x, hosted) {
		s.revoke(ctx, x)
	}
}

func (s *shop) compareBooks(ctx context.Context, t *testing.T) {
	t.Helper()
	agree(ctx, t, s.sales, func(ctx context.Context, x *sale) []string {
		wrong := s.differences(ctx, x)
		for i := range wrong {
			wrong[i] = x.own + ", " + x.link.ID + ": " + wrong[i]
		}
		return wrong
	})
	agree(ctx, t, []*shop{s}, func(ctx context.Context, s *shop) []string {
		return onlyOnce(s.api.PaymentLinks.All(ctx, eupay.PaymentLinkListParams{}), len(s.sales))
	})
	paid := 0
	for _, list := range s.paid {
		paid += len(list)
	}
	t.Logf("%d links, paid %d times", len(s.sales), paid)
}

// differences tell where REST, bank and webhooks disagree on a link.
func (s *shop) differences(ctx context.Context, x *sale) (wrong []string) {
	link, err := s.api.PaymentLinks.Get(ctx, x.link.ID)
	if err != nil {
		return []string{err.Error()}
	}
	page, err := s.api.PaymentLinks.Payments(ctx, link.ID, eupay.ListParams{Limit: 100})
	if err != nil {
		return []string{err.Error()}
	}
	var known, paid []string
	var sum eupay.Amount
	for _, p := range page.Data {
		known = append(known, p.Reference)
		bank, faulty := moneyAt(s.atTheBank(ctx, p.Reference))
		switch completed := p.Status == eupay.PaymentCompleted; {
		case p.PaymentLinkID != link.ID:
			wrong = append(wrong, p.Reference+" is of the link "+p.PaymentLinkID)
		case completed && (faulty != "" || bank.State != "done" || bank.Cents != int64(p.Amount)):
			wrong = append(wrong, fmt.Sprint(p.Reference, " is completed, and the bank has ", bank, faulty))
		case !completed && bank.State == "done" || p.Status == eupay.PaymentPending || p.Status == eupay.PaymentPendingSCA:
			wrong = append(wrong, fmt.Sprint(p.Reference, " is ", p.Status, ", and the bank has ", bank, faulty))
		case completed:
			paid, sum = append(paid, p.Reference), sum+p.Amount
		}
	}
	for _, reference := range x.begun {
		if !slices.Contains(known, reference) {
			wrong = append(wrong, reference+" is not listed, though a payer had it")
		}
	}
	for _, reference := range x.authorised {
		if !slices.Contains(paid, reference) {
			wrong = append(wrong, reference+" was authorised, and is not paid")
		}
	}
	return append(append(wrong, s.counted(x, link, paid, sum)...), s.hostedAt(ctx, x, link)...)
}

// counted compares a link with its payments and with what the webhooks told.
func (s *shop) counted(x *sale, link *eupay.PaymentLink, paid []string, sum eupay.Amount) (wrong []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if link.MaxUses > 0 && len(paid) > link.MaxUses {
		wrong = append(wrong, fmt.Sprint("paid ", len(paid), " times, of a stock of ", link.MaxUses))
	}
	if link.UsesPaid != len(paid) || link.AmountPaid != sum || link.UsesOpen != 0 {
		wrong = append(wrong, fmt.Sprintf("it counts %d paid, %s and %d open; its payments are %d, %s", link.UsesPaid, link.AmountPaid, link.UsesOpen, len(paid), sum))
	}
	told := slices.Sorted(slices.Values(s.paid[link.ID]))
	slices.Sort(paid)
	if !slices.Equal(told, paid) {
		wrong = append(wrong, fmt.Sprintf("paid by %v, and the webhooks told of %v", paid, told))
	}
	for _, reference := range paid {
		if n := s.completed[reference]; n != 1 {
			wrong = append(wrong, fmt.Sprint(reference, " was told as completed ", n, " times"))
		}
	}
	status, revoked := eupay.PaymentLinkActive, 0
	if x.revoked {
		status, revoked = eupay.PaymentLinkRevoked, 1
	}
	if link.MaxUses > 0 && len(paid) == link.MaxUses {
		status = eupay.PaymentLinkPaid
	}
	if link.Status != status || link.StatusDetail != "" || s.revoked[link.ID] != revoked {
		wrong = append(wrong, fmt.Sprintf("it is %s %s, want %s; revoked was told %d times", link.Status, link.StatusDetail, status, s.revoked[link.ID]))
	}
	return wrong
}

// hostedLink is a payment link as the bank connection lists it.
type hostedLink struct {
	Label   string
	URL     string
	Revoked string `json:"revoked_at"`
}

// hostedAt compares a link that the bank connection hosts with its list: one at most can be paid, and none after the end.
func (s *shop) hostedAt(ctx context.Context, x *sale, link *eupay.PaymentLink) (wrong []string) {
	if link.Host != hosted.Host {
		return nil
	}
	var token struct{ Token string }
	login := object{
		"grant_type": "client_credentials", "client_id": s.w.sys.Secrets.BankClientID, "client_secret": s.w.sys.Secrets.BankSecret, "scope": "payment-links:admin",
	}
	var list []hostedLink
	if s.request(ctx, http.MethodPost, s.w.sys.BankURL()+"/2.0/auth/token", login, &token) != http.StatusOK ||
		s.request(ctx, http.MethodGet, s.w.sys.BankURL()+"/api/payment-links", nil, &list, "Authorization", "Bearer "+token.Token) != http.StatusOK {
		return []string{"the bank connection does not list its links"}
	}
	open := 0
	for _, l := range list {
		if !strings.HasPrefix(l.Label, x.own+" - ") || l.Revoked != "" {
			continue
		}
		open++
		if l.URL != link.URL {
			wrong = append(wrong, "a second link can be paid at "+l.URL)
		}
	}
	if x.revoked && open > 0 || open > 1 || !x.revoked && open == 0 {
		wrong = append(wrong, fmt.Sprintf("%d links can be paid at the bank connection", open))
	}
	return wrong
}
