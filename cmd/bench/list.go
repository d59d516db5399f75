package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// listed is how many payments there are at least, so that there is a late page.
	listed = 5000
	// latePage is the page of the last of them.
	latePage = listed / 20
	// meanwhile is how many payments are created each second while others read lists.
	meanwhile = 50
)

// lists measures the lists of payments while payments are created.
func (b *bench) lists(ctx context.Context) error {
	b.table.title("List payments", fmt.Sprintf("GET /gateway/payments?limit=20 of at least %d payments, while %d are created each second", listed, meanwhile))
	if err := b.stock(ctx, listed); err != nil {
		return err
	}
	for _, p := range []struct {
		name string
		page int
	}{{"the newest 20", 1}, {fmt.Sprintf("page %d", latePage), latePage}} {
		request := b.system.get(fmt.Sprintf("/gateway/payments?limit=20&page=%d", p.page), "")
		r := undisturbed(func() *result { return b.whileCreating(ctx, func(c *conn, _ int64) error { return c.expect(request) }) })
		b.table.figure(figure{name: p.name + ", 16 clients", r: r})
	}
	return ctx.Err()
}

// whileCreating loads the gateway while others create payments at a fixed rate.
func (b *bench) whileCreating(ctx context.Context, do step) *result {
	var creating sync.WaitGroup
	var created *result
	creating.Go(func() { created = b.load(b.create("MEANWHILE", &keeper{})).open(ctx, meanwhile) })
	r := b.load(do).closed(ctx, 16)
	creating.Wait()
	if created.failure != nil && r.failure == nil {
		r.failures, r.failure = created.failures, fmt.Errorf("create payments meanwhile: %w", created.failure)
	}
	return r
}

// idle measures the processor time of a system that nobody uses, its database included.
func (b *bench) idle(ctx context.Context) error {
	b.table.title("At rest", "processor time of everything while nobody calls")
	var cpu shares
	for range 2 {
		before := usageOf(b.system.pid)
		if !reach(ctx, time.Now().Add(max(2*b.each(), 4*time.Second))) {
			return context.Cause(ctx)
		}
		if cpu = usageOf(b.system.pid).since(before); !cpu.disturbed() {
			break
		}
	}
	note := "cores: " + cpu.String()
	b.table.row(row{name: "processor at rest", value: fmt.Sprintf("%.1f %%", 100*cpu.system()), note: note})
	return nil
}
