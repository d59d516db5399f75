package bank

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"european-pay.eu/eupay/sandbox/internal/journal"
)

// line is a line of the journal.
type line struct {
	// Payment is its newest state. If it has a Hook, that webhook is not acknowledged yet.
	Payment *record `json:"p,omitempty"`
	Ack     int64   `json:"ack,omitempty"`
	// Link is the newest state of a connection, Unlinked the number of one that has ended.
	Link     *connection `json:"l,omitempty"`
	Unlinked int64       `json:"u,omitempty"`
	// Line is the newest state of a line of an account.
	Line *Line `json:"b,omitempty"`
	// PayLink is the newest state of a payment link.
	PayLink *payLink `json:"pl,omitempty"`
	// Next and NextHook, in the first line and after a reset, are the next numbers; older payments are gone.
	Next     int64 `json:"next,omitempty"`
	NextHook int64 `json:"next_hook,omitempty"`
}

// history is the content of a journal.
type history struct {
	next, nextHook int64
	latest         map[int64]*record
	unsent         map[int64]*record // by webhook
	links          map[int64]connection
	booked         map[int64]Line
	payLinks       map[string]payLink
}

func (h *history) read(l line) {
	switch {
	case l.Next > 0:
		h.next, h.nextHook = l.Next, max(h.nextHook, l.NextHook)
		maps.DeleteFunc(h.latest, func(id int64, _ *record) bool { return id < l.Next })
		clear(h.unsent)
		clear(h.links)
		clear(h.booked)
		clear(h.payLinks)
	case l.PayLink != nil:
		h.payLinks[l.PayLink.ID] = *l.PayLink
	case l.Link != nil:
		h.links[l.Link.ID] = *l.Link
	case l.Line != nil:
		h.booked[l.Line.ID] = *l.Line
	case l.Unlinked > 0:
		delete(h.links, l.Unlinked)
	case l.Ack > 0:
		delete(h.unsent, l.Ack)
	case l.Payment != nil && l.Payment.ID >= h.next:
		h.latest[l.Payment.ID] = l.Payment
		if hook := l.Payment.Hook; hook > 0 {
			h.unsent[hook] = l.Payment
			h.nextHook = max(h.nextHook, hook+1)
		}
	}
}

// lines returns the shortest journal with the same content.
func (h *history) lines(add func(any) error) error {
	if err := add(line{Next: h.next, NextHook: h.nextHook}); err != nil {
		return err
	}
	for _, hook := range slices.Sorted(maps.Keys(h.unsent)) {
		if err := add(line{Payment: h.unsent[hook]}); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.latest)) {
		r := h.latest[id].clone()
		if h.unsent[h.latest[id].Hook] != nil {
			continue // written above
		}
		if err := add(line{Payment: r}); err != nil {
			return err
		}
	}
	for _, x := range h.payLinks {
		if err := add(line{PayLink: &x}); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.links)) {
		x := h.links[id]
		if err := add(line{Link: &x}); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.booked)) {
		x := h.booked[id]
		if err := add(line{Line: &x}); err != nil {
			return err
		}
	}
	return nil
}

// load restores the state of an earlier process from the folder, and compacts the journal.
func (b *Bank) load() error {
	h := history{
		next: b.cfg.FirstID, nextHook: b.cfg.FirstID, latest: map[int64]*record{}, unsent: map[int64]*record{}, links: map[int64]connection{},
		booked:   map[int64]Line{},
		payLinks: map[string]payLink{},
	}
	if h.next == 0 {
		h.next = firstNumber(b.cfg.Now())
		h.nextHook = h.next
	}
	fallback := h.next
	if b.cfg.Dir != "" {
		h.next = 0
		if err := b.readJournal(&h, fallback); err != nil {
			return fmt.Errorf("load bank: %w", err)
		}
	}
	b.store = newStore(h.next)
	for _, id := range slices.Sorted(maps.Keys(h.latest)) {
		r := h.latest[id]
		b.store.put(r)
		b.plan(r)
	}
	b.payLinks.byID = h.payLinks
	b.links.byID, b.links.next = h.links, firstNumber(b.cfg.Now())
	for id := range h.links {
		b.links.next = max(b.links.next, id+1)
	}
	for _, id := range slices.Sorted(maps.Keys(h.booked)) {
		b.ledger.put(h.booked[id])
		if at := h.booked[id].Updated; at.After(b.cfg.Now()) {
			b.ledger.due.Add(id, at)
		}
	}
	b.lastHook.Store(h.nextHook - 1)
	for _, hook := range slices.Sorted(maps.Keys(h.unsent)) {
		b.announce(h.unsent[hook])
	}
	return nil
}

func (b *Bank) readJournal(h *history, fallback int64) error {
	path := b.cfg.journalFile()
	err := journal.Read(path, func(text []byte) error {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return err
		}
		h.read(l)
		return nil
	})
	if err != nil {
		return err
	}
	if h.next == 0 {
		h.next = fallback
	}
	if b.cfg.WebhookURL == "" {
		clear(h.unsent)
	}
	b.journal, err = journal.Rewrite(path, h.lines)
	return err
}

// firstNumber grows by 2,000 per second, faster than payments are made.
func firstNumber(now time.Time) int64 {
	return max(1, now.Unix()-1735689600) * 2000
}
