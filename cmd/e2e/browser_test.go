package e2e

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	chromiumEnv = "CHROMIUM_BIN"
	// screenshotsEnv names a folder for a picture of every page.
	screenshotsEnv = "EUPAY_E2E_SCREENSHOTS"
)

// browser starts the browser of the run when the first test needs it.
var browser = sync.OnceValues(func() (context.Context, error) {
	ctx, stop, err := startBrowser()
	closeBrowser = stop
	return ctx, err
})

// closeBrowser closes the browser. It is set once there is one.
var closeBrowser = func() error { return nil }

// startBrowser starts a browser with a fresh profile, which is removed afterwards.
func startBrowser(more ...chromedp.ExecAllocatorOption) (ctx context.Context, stop func() error, err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromiumPath()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(900, 1100), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-GB"))
	allocator, end := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, _ = chromedp.NewContext(allocator)
	return ctx, func() error { defer end(); return chromedp.Cancel(ctx) }, chromedp.Do(ctx)
}

// chromiumPath is the browser's program. Debian's chromium-headless-shell is Chromium without the windows around its pages, which takes
// a quarter of the processor less.
func chromiumPath() string {
	if name := os.Getenv(chromiumEnv); name != "" {
		return name
	}
	if shell := "chromium-headless-shell"; isInstalled(shell) {
		return shell
	}
	return "chromium"
}

func isInstalled(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// tab is a payer at a browser without cookies or history.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// openTab opens a window for one test, which runs in TestInTheBrowser or alone.
func openTab(t *testing.T) *tab {
	t.Helper()
	if !isInstalled(chromiumPath()) {
		t.Fatalf("the payer needs a browser: install the package chromium-headless-shell or chromium, or name one in %s", chromiumEnv)
	}
	main, err := browser()
	if err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	return tabOf(main, t)
}

// tabOf opens a window of that browser.
func tabOf(main context.Context, t *testing.T) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(main, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	t.Cleanup(cancel)
	return &tab{t, ctx}
}

// act performs actions in the tab.
func act[T any](b *tab, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	result, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return result
}

func (b *tab) goTo(address string) {
	b.t.Helper()
	act(b, "open "+address, chromedp.Navigate(address))
}

// sees waits for the element and saves a picture of the page.
func (b *tab) sees(selector string) {
	b.t.Helper()
	act(b, "wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	folder := os.Getenv(screenshotsEnv)
	if folder == "" {
		return
	}
	png := act(b, "take a picture", chromedp.FullScreenshot(100))
	name := strings.NewReplacer("/", "_", "#", "").Replace(b.t.Name() + selector + ".png")
	if err := os.WriteFile(filepath.Join(folder, name), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) click(selector string) {
	b.t.Helper()
	act(b, "click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return act(b, "read "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// lands waits until the payer is at the merchant's page, and checks the parameters that it gets.
func (b *tab) lands(page string, p payment, status string) {
	b.t.Helper()
	b.sees("#shop")
	address := act(b, "read the address", chromedp.Location())
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	if got := b.text("#shop"); got != page || u.Query().Get("reference") != p.Reference || u.Query().Get("status") != status {
		b.t.Errorf("the payer landed on %s at %s, want %s with %s of %s", got, address, page, status, p.Reference)
	}
}

// opens opens the payment's page, which shows the amount and the merchant.
func (b *tab) opens(p payment) {
	b.t.Helper()
	b.goTo(p.PaymentURL)
	b.sees("#pick")
	if amount, reference, iban := b.text("#amount"), b.text("#reference"), b.text("#iban"); amount != "29.99 EUR" || reference != p.Reference ||
		strings.ReplaceAll(iban, " ", "") != merchantIBAN {
		b.t.Errorf("the page shows %q for %q to %q", amount, reference, iban)
	}
}

// publicStatus is what the merchant's page may read without a key.
func publicStatus(t *testing.T, reference string) string {
	t.Helper()
	return string(mustData[payment](t, shared.caller().do(t, "GET", "/gateway/payments/"+reference+"/status", ""), 200).Status)
}

func aPayerAuthorisesInTheBrowser(t *testing.T) {
	m := shared.newMerchant(t)
	p := m.pays(t, object{"reference": "ORDER-1042"})
	b := openTab(t)
	b.opens(p)
	b.click("#bank-nowhere")
	b.sees("#authorise")
	b.click("#authorise")
	b.lands("success", p, "completed")
	done := m.site.next(t, "payment.completed", p.Reference).body.Data
	if done.Status != "completed" || done.Amount != "29.99" || done.Currency != "EUR" || done.MerchantReference == nil || *done.MerchantReference != "ORDER-1042" {
		t.Errorf("the webhook says %+v", done)
	}
	if status := publicStatus(t, p.Reference); status != "completed" {
		t.Errorf("the public status is %s", status)
	}
	// The link again: there is nothing left to decide.
	b.goTo(p.PaymentURL)
	b.lands("success", p, "completed")
}

func aPayerRefusesInTheBrowser(t *testing.T) {
	m := shared.newMerchant(t)
	p := m.pays(t, nil)
	b := openTab(t)
	b.opens(p)
	b.click("#bank-shrug")
	b.sees("#refuse")
	b.click("#refuse")
	b.lands("cancel", p, "cancelled")
	if told := m.site.next(t, "payment.failed", p.Reference).body.Data; told.Status != "cancelled" {
		t.Errorf("the webhook says %+v", told)
	}
	if status := publicStatus(t, p.Reference); status != "cancelled" {
		t.Errorf("the public status is %s", status)
	}
}

func aPayerWithoutMoneyFailsInTheBrowser(t *testing.T) {
	m := shared.newMerchant(t)
	p := m.pays(t, nil)
	b := openTab(t)
	b.opens(p)
	b.click("#bank-exa")
	b.sees("#account-empty")
	b.click("#account-empty")
	b.click("#authorise")
	b.lands("cancel", p, "failed")
	if told := m.site.next(t, "payment.failed", p.Reference).body.Data; told.Status != "failed" {
		t.Errorf("the webhook says %+v", told)
	}
	if failed := m.get(t, p.Reference); failed.FailureCode != "insufficient_funds" {
		t.Errorf("the reason is %q", failed.FailureCode)
	}
}

func aPayerGivesUpInTheWebview(t *testing.T) {
	m := shared.newMerchant(t)
	p := m.pays(t, nil)
	b := openTab(t)
	b.opens(p)
	b.click("#cancel")
	b.lands("cancel", p, "cancelled")
	if told := m.site.next(t, "payment.failed", p.Reference).body.Data; told.Status != "cancelled" {
		t.Errorf("the webhook says %+v", told)
	}
}

func aPayerWhoLeavesTheBankMayComeBack(t *testing.T) {
	m := shared.newMerchant(t)
	p := m.pays(t, nil)
	b := openTab(t)
	b.opens(p)
	b.click("#bank-nowhere")
	b.sees("#leave")
	b.click("#leave")
	b.sees("#left")
	if status := publicStatus(t, p.Reference); status != "pending_sca" {
		t.Errorf("the public status is %s", status)
	}
	b.goTo(p.PaymentURL)
	b.sees("#authorise")
	b.click("#authorise")
	b.lands("success", p, "completed")
}

// If the merchant gave no URLs, the payer ends on a page of ours.
func aPayerEndsOnOurPageWhenTheMerchantHasNone(t *testing.T) {
	m := shared.newMerchant(t)
	own := func(t *testing.T, answer, heading string) {
		t.Helper()
		p := mustData[payment](t, m.api.do(t, "POST", "/gateway/payments", object{"amount": 29.99, "description": "Order"}.json()), 201)
		b := openTab(t)
		b.opens(p)
		b.click("#bank-nowhere")
		b.sees("#authorise")
		b.click("#" + answer)
		b.sees("main.done, main.failed")
		if got, page := b.text("h1"), b.text("main"); got != heading || !strings.Contains(page, p.Reference) || !strings.Contains(page, "29.99 EUR") {
			t.Errorf("after %s our page says %q", answer, page)
		}
	}
	t.Run("authorised", func(t *testing.T) { own(t, "authorise", "Payment complete") })
	t.Run("refused", func(t *testing.T) { own(t, "refuse", "Payment not made") })
}
