package contract

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// sign is the signature as the guide describes it, made here from the words and not from the stand-in's code: Base64 of
// HMAC-SHA256, keyed with the bytes of the secret, over METHOD.PATH.DATE.BODY.
func sign(secret, method, path, date string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%s.%s.%s", method, path, date, body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// announced: each change of state once and in order, none of them for the creation, the body that of the payment.
func announced(p *provider) {
	id := p.create(change{"label": "pdng/rjct - X"}).id()
	p.authorise(id, "nowhere")
	p.pass(15 * time.Second)
	p.payment(id)
	seen := map[string]bool{}
	var last delivery
	for _, want := range []string{"validating", "pending", "rejected"} {
		last = <-p.standIn.listener.came
		if last.state() != want || fmt.Sprintf("%.0f", last.payment["id"]) != id {
			p.Errorf("%s, want %s of %s", last.body, want, id)
		}
		seen[fmt.Sprint(last.payment["id_webhook_data"])] = true
		if last.method != http.MethodPost || !strings.HasPrefix(last.kind, "application/json") {
			p.Errorf("%s %s", last.method, last.kind)
		}
	}
	if len(seen) != 3 || seen["<nil>"] {
		p.Errorf("each delivery has a number of its own: %v", seen)
	}
	delete(last.payment, "id_webhook_data")
	var payment object
	if err := json.Unmarshal([]byte(p.payment(id).text), &payment); err != nil {
		p.Fatal(err)
	}
	if fmt.Sprint(last.payment) != fmt.Sprint(payment) {
		p.Errorf("the webhook says\n%v\nand the payment\n%v", last.payment, payment)
	}
	for _, name := range []string{"event", "event_type", "type"} {
		if _, has := last.payment[name]; has {
			p.Errorf("the body names its event: %s", last.body)
		}
	}
	second := p.create().id()
	p.manage(200, second, "settle", object{"state": "done"})
	if d := <-p.standIn.listener.came; d.state() != "done" || fmt.Sprintf("%.0f", d.payment["id"]) != second {
		p.Errorf("nothing came in between, but %s", d.body)
	}
}

// onlyStates: what changes about a payment without its state is not announced.
func onlyStates(p *provider) {
	id := p.pending("ask-twice")
	asked := p.call("POST", "/payments/"+id, p.cancellation())
	p.decide(asked.string("validate_uri"), "refuse")
	p.manage(200, id, "settle", object{"state": "done"})
	for _, want := range []string{"validating", "pending", "done"} {
		if d := <-p.standIn.listener.came; d.state() != want {
			p.Errorf("%s, want %s", d.body, want)
		}
	}
}

// signed: over the path of the registered listener and the raw body, and neither another secret nor another path will do.
func signed(p *provider) {
	p.manage(200, p.create(change{"label": "Café"}).id(), "settle", object{"state": "done"})
	d := <-p.standIn.listener.came
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`).MatchString(d.date) {
		p.Errorf("the date is %q", d.date)
	}
	if want := sign(hookSecret, http.MethodPost, d.path, d.date, d.body); d.signature != want {
		p.Errorf("signed %q, want %q", d.signature, want)
	}
	for what, wrong := range map[string]string{
		"another secret": sign("x", "POST", d.path, d.date, d.body), "another path": sign(hookSecret, "POST", d.path+"/", d.date, d.body),
		"the full address": sign(hookSecret, "POST", p.standIn.listener.url, d.date, d.body), "another date": sign(hookSecret, "POST", d.path, d.date[:19]+"Z", d.body),
		"another body": sign(hookSecret, "POST", d.path, d.date, d.body[1:]), "another method": sign(hookSecret, "post", d.path, d.date, d.body),
	} {
		if d.signature == wrong {
			p.Errorf("signed with %s", what)
		}
	}
}

// retried: whatever is not a 2XX, until it is taken, with the same number, and what follows waits for it.
func retried(p *provider) {
	p.standIn.listener.Answer(500, 302, 404, 300, 503)
	id := p.create().id()
	p.authorise(id, "nowhere")
	first := <-p.standIn.listener.came
	for range 5 {
		d := <-p.standIn.listener.came
		if d.state() != "validating" || d.payment["id_webhook_data"] != first.payment["id_webhook_data"] {
			p.Errorf("again, but with %s", d.body)
		}
		if d.signature != sign(hookSecret, d.method, d.path, d.date, d.body) {
			p.Errorf("a repeated delivery is signed %q", d.signature)
		}
	}
	if d := <-p.standIn.listener.came; d.state() != "done" {
		p.Errorf("after it was taken comes %s", d.body)
	}
	for _, status := range []int{200, 202, 299} {
		p.standIn.listener.Answer(status)
		p.authorise(p.create().id(), "nowhere")
		for _, want := range []string{"validating", "done"} {
			if d := <-p.standIn.listener.came; d.state() != want {
				p.Errorf("a %d is a 2XX: %s, want %s", status, d.state(), want)
			}
		}
	}
}
