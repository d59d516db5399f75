package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	readRate = 8000
	readP99  = 20 * time.Millisecond
	// enough payments to read different ones.
	enough = 1000
)

// reading measures the reads of merchants and payers' pages.
func (b *bench) reading(ctx context.Context) error {
	b.table.title("Read a payment", "GET /gateway/payments/:reference and its neighbours")
	if err := b.stock(ctx, enough); err != nil {
		return err
	}
	requests := make([][]byte, len(b.made))
	for i, p := range b.made {
		requests[i] = b.system.get("/gateway/payments/"+p.reference, "")
	}
	one := func(c *conn, n int64) error { return c.expect(requests[n%int64(len(requests))]) }
	for _, clients := range []int{16, 64} {
		r := undisturbed(func() *result { return b.load(one).closed(ctx, clients) })
		b.table.figure(figure{
			name: fmt.Sprintf("one payment, %d clients", clients), r: r, target: "≥ 8000/s, p99 < 20 ms",
			met: verdict(r.rate() >= readRate && r.at(0.99) < readP99), limit: of(r.rate(), b.table.limits.echoes, "HTTP echoes"),
		})
	}
	status := b.load(func(c *conn, n int64) error {
		// Each payer's page comes from another address.
		from := fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d\r\n", n>>16&255, n>>8&255, n&255)
		return c.expect(b.system.get("/gateway/payments/"+b.made[n%int64(len(b.made))].reference+"/status", from))
	}).closed(ctx, 16)
	b.table.figure(figure{name: "public status, 16 clients", r: status, limit: of(status.rate(), b.table.limits.echoes, "HTTP echoes")})
	return nil
}

// stock ensures that there are that many unpaid payments.
func (b *bench) stock(ctx context.Context, n int) error {
	for len(b.made) < n {
		k := &keeper{}
		r := load{host: b.system.host, pid: b.system.pid, duration: time.Second, do: b.create("STOCK", k)}.closed(ctx, 16)
		if r.failure != nil || ctx.Err() != nil {
			return errors.Join(errors.New("payments cannot be made"), r.failure, ctx.Err())
		}
		b.made = append(b.made, k.made...)
	}
	return nil
}
