package chaos

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/payer"
	"european-pay.eu/eupay/cmd/internal/system"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// kiosk is a merchant who shows codes, which customers of the app scan and pay from a linked account.
type kiosk struct {
	*seller
	customers [scanners]*scanner

	mu    sync.Mutex
	shown []*shown
	// completed counts how often a payment was told as completed.
	completed map[string]int
}

const (
	scanners = 6
	// scanAgain is the pause before a scan is repeated: a customer may scan 20 codes a minute.
	scanAgain = 3 * time.Second
)

// scanner is a customer of the app.
type scanner struct {
	*client
	account string
}

// shown is the code of a payment, and the transactions of those who scanned it.
type shown struct {
	reference    string
	transactions []string
	// paid: the bank has said yes to one of them.
	paid bool
}

func newKiosk(t *testing.T, w *world) *kiosk {
	t.Helper()
	k := &kiosk{completed: make(map[string]int)}
	k.seller = newSeller(t, w, "kiosk", system.MerchantIBAN, k.hear)
	for n := range k.customers {
		k.customers[n] = newScanner(t, w, n)
	}
	return k
}

// newScanner registers a customer and links a bank account.
func newScanner(t *testing.T, w *world, n int) *scanner {
	t.Helper()
	var user struct{ Token string }
	registration := object{"email": fmt.Sprintf("scanner-%d@example.com", n), "password": "correct horse battery"}
	if status := newClient(t, w).call(t.Context(), http.MethodPost, "/customer/auth/register", registration, &user); status != http.StatusCreated {
		t.Fatalf("register a customer: %d", status)
	}
	s := &scanner{client: newClient(t, w, "Authorization", "Bearer "+user.Token)}
	var visit struct{ ID, ConnectURL string }
	if status := s.call(t.Context(), http.MethodPost, "/customer/accounts/connect", object{"returnUrl": "eupay://accounts"}, &visit); status != http.StatusOK {
		t.Fatalf("link an account: %d", status)
	}
	end, err := payer.Payer{}.Link(t.Context(), visit.ConnectURL, payer.Authorise)
	if err != nil {
		t.Fatal(err)
	}
	confirmation := object{"code": must(url.Parse(end)).Query().Get("code")}
	if status := s.call(t.Context(), http.MethodPost, "/customer/accounts/"+visit.ID+"/confirm", confirmation, nil); status != http.StatusNoContent {
		t.Fatalf("confirm the linked accounts: %d", status)
	}
	var linked struct{ Data []struct{ ID string } }
	if status := s.call(t.Context(), http.MethodGet, "/customer/accounts", nil, &linked); status != http.StatusOK || len(linked.Data) == 0 {
		t.Fatalf("the linked accounts: %d, %v", status, linked.Data)
	}
	s.account = linked.Data[0].ID
	return s
}

func (k *kiosk) hear(e *webhook.Event) {
	if p, ok := e.Data.(*webhook.Payment); ok && e.Type == webhook.PaymentCompleted {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.completed[p.Reference]++
	}
}

// use shows a code, which one customer scans, and each fourth time two at once.
func (k *kiosk) use(ctx context.Context, n int) {
	own := fmt.Sprint("CODE-", n)
	made, err := insistOn(ctx, func(ctx context.Context) (*eupay.Payment, error) {
		return k.api.Payments.Create(ctx, eupay.PaymentParams{Amount: eupay.Amount(500 + n), Description: "Ticket", Reference: own})
	})
	if err != nil {
		k.unexpected(ctx, "show "+own, err)
		return
	}
	if made.Status == eupay.PaymentFailed || made.QRData == nil {
		return // the bank never took it: there is no code to scan
	}
	x := &shown{reference: made.Reference}
	at := []*scanner{k.customers[n%scanners]}
	if n%4 == 3 {
		at = append(at, k.customers[(n+1)%scanners])
	}
	var all sync.WaitGroup
	for _, s := range at {
		all.Go(func() { k.scan(ctx, s, x, made.QRData.QRData) })
	}
	all.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shown = append(k.shown, x)
}

// scan is a customer who pays what a code asks for, and repeats the request until there is a way to the bank or a refusal.
func (k *kiosk) scan(ctx context.Context, s *scanner, x *shown, code string) {
	var got struct{ WebauthURL, TransactionID string }
	status := 0
	until(ctx, func() <-chan struct{} { return after(scanAgain) }, func() bool {
		status = s.insist(ctx, http.MethodPost, "/qr/pay", object{"qrData": code, "accountId": s.account}, &got)
		return got.WebauthURL != "" || status >= 300 && status != http.StatusTooManyRequests
	})
	if status != http.StatusOK && status != http.StatusCreated && status != http.StatusConflict && ctx.Err() == nil {
		k.t.Errorf("the scan of %s is answered %d", x.reference, status)
	}
	if got.TransactionID == "" {
		return
	}
	paid := s.authorise(ctx, got.TransactionID)
	k.mu.Lock()
	defer k.mu.Unlock()
	x.transactions = append(x.transactions, got.TransactionID)
	x.paid = x.paid || paid
}

func (k *kiosk) compareBooks(ctx context.Context, t *testing.T) {
	t.Helper()
	agree(ctx, t, k.shown, func(ctx context.Context, x *shown) []string {
		if wrong := k.difference(ctx, x); wrong != "" {
			return []string{x.reference + ": " + wrong}
		}
		return nil
	})
	t.Logf("%d codes were shown", len(k.shown))
}

// difference tells where bank, REST and webhooks disagree on the payment of a code.
func (k *kiosk) difference(ctx context.Context, x *shown) string {
	done := 0
	for _, reference := range append([]string{x.reference}, x.transactions...) {
		for _, p := range k.atTheBank(ctx, reference) {
			if p.State == "done" {
				done++
			}
		}
	}
	p, err := k.payment(ctx, x.reference)
	if err != nil {
		return err.Error()
	}
	k.mu.Lock()
	told := k.completed[x.reference]
	k.mu.Unlock()
	want := 0
	if x.paid {
		want = 1
	}
	if done != want || told != want || (p.Status == eupay.PaymentCompleted) != x.paid {
		return fmt.Sprintf("paid is %t, the bank has paid it %d times, REST says %s, it was told as completed %d times", x.paid, done, p.Status, told)
	}
	return ""
}
