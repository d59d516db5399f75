package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// attackers is the number of connections of one merchant, or of someone who knows a public key. Each sends as fast as it can.
	attackers = 60
	// readsEach and loginsEach are how many calls others make per second: few enough for a machine that is idle.
	readsEach, loginsEach = 50, 4
	// maxRatio is how much slower the calls of others may become.
	maxRatio = 2
	// ahead is how long before the measurement an attack begins, and how long after it the attack ends.
	ahead = 200 * time.Millisecond
)

// attack is an attempt to slow down others. Refusals are not failures.
type attack struct {
	name    string
	request func(login string, n int64) []byte
}

// attacks measures the effect of attacks on others: the 99th percentile of their calls by key and of their logins, before and
// during.
func (b *bench) attacks(ctx context.Context) error {
	b.table.title("One merchant attacks", fmt.Sprintf("others' calls while %d connections flood the gateway; the flood shares the machine", attackers))
	for i, a := range []attack{
		{"wrong secrets of a known key", func(login string, n int64) []byte {
			wrong := fmt.Sprintf("X-Api-Key: %s\r\nX-Api-Secret: sk_test_%043d\r\n", b.system.vars["EUPAY_API_KEY"], n)
			return b.system.plain("GET", "/gateway/payments?limit=1", wrong+login, "")
		}},
		{"invitations into the team", func(login string, n int64) []byte {
			body := fmt.Sprintf(`{"email":"m%d-%d@example.com","password":"correct horse battery","role":"staff"}`, time.Now().UnixNano(), n)
			return b.system.plain("POST", "/merchant/team", login, body)
		}},
		{"changes of the profile", func(login string, n int64) []byte {
			return b.system.plain("PATCH", "/merchant", login, fmt.Sprintf(`{"name":"Mallory %d"}`, n))
		}},
		{"pictures of codes", func(login string, n int64) []byte {
			return b.system.plain("GET", fmt.Sprintf("/qr/merchant.png?size=%d", 512+n%512), login, "")
		}},
	} {
		// Each has its own merchant and address: otherwise the limits that one has used up would weaken the next.
		login, err := b.mallory(fmt.Sprintf("198.51.100.%d", i+1))
		if err != nil {
			return err
		}
		if err := b.endure(ctx, a, login); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	return nil
}

// others makes the calls of merchants who do not attack.
type others struct{ reads, logins *result }

// endure measures the calls of others before an attack and during it.
func (b *bench) endure(ctx context.Context, a attack, login string) error {
	before := b.others(ctx)
	flood := b.load(func(c *conn, n int64) error {
		_, _, err := c.do(a.request(login, n))
		return err
	})
	flood.duration += 2 * ahead
	var attacking sync.WaitGroup
	var flooded *result
	attacking.Go(func() { flooded = flood.closed(ctx, attackers) })
	if !reach(ctx, time.Now().Add(ahead)) {
		attacking.Wait()
		return context.Cause(ctx)
	}
	during := b.others(ctx)
	attacking.Wait()
	b.compare(a.name+", calls by key", before.reads, during.reads)
	b.compare(a.name+", logins", before.logins, during.logins)
	b.table.row(row{name: "  the flood itself", value: fmt.Sprintf("%.0f/s", flooded.rate())})
	return ctx.Err()
}

func (b *bench) compare(name string, before, during *result) {
	b.table.figure(figure{name: name + ": before", r: before})
	ratio := float64(during.at(0.99)) / float64(max(before.at(0.99), 1))
	b.table.figure(figure{
		name: "  during", r: during, target: fmt.Sprintf("p99 ≤ %d ×", maxRatio), met: verdict(ratio <= maxRatio), limit: fmt.Sprintf("p99 is %.1f ×", ratio),
	})
}

func (b *bench) others(ctx context.Context) others {
	var both sync.WaitGroup
	var o others
	both.Go(func() {
		o.reads = b.load(func(c *conn, _ int64) error {
			return c.expect(b.system.get("/gateway/payments?limit=1", from("203.0.113.9")))
		}).open(ctx, readsEach)
	})
	both.Go(func() {
		body := fmt.Sprintf(`{"email":%q,"password":%q}`, b.system.vars["EUPAY_MERCHANT_EMAIL"], b.system.vars["EUPAY_MERCHANT_PASSWORD"])
		o.logins = b.load(func(c *conn, n int64) error {
			return c.expect(b.system.plain("POST", "/auth/login", from(fmt.Sprintf("203.0.113.%d", n%250+1)), body))
		}).open(ctx, loginsEach)
	})
	both.Wait()
	return o
}

// mallory registers a merchant from the address, as anyone can, and returns the headers of its calls.
func (b *bench) mallory(address string) (string, error) {
	c := &conn{host: b.system.host}
	defer c.close()
	body := fmt.Sprintf(`{"email":"mallory-%d@example.com","password":"correct horse battery","name":"Mallory","iban":"FR7630006000011234567890189"}`, time.Now().UnixNano())
	status, answer, err := c.do(b.system.plain("POST", "/auth/register", from(address), body))
	if err != nil {
		return "", err
	}
	var session struct{ Token string }
	if err := json.Unmarshal(answer, &session); err != nil || status != http.StatusCreated {
		return "", fmt.Errorf("register: %d %.80s", status, answer)
	}
	return "Authorization: Bearer " + session.Token + "\r\n" + from(address), nil
}

func from(address string) string { return "X-Forwarded-For: " + address + "\r\n" }
