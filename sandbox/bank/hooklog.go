package bank

import (
	"slices"
	"sync"
)

// Webhook is one attempt to deliver, or what a fault made of it.
type Webhook struct {
	ID      int64  `json:"id_webhook_data"`
	Payment int64  `json:"id_payment"`
	State   string `json:"state"`
	Attempt int    `json:"attempt"`
	// Status is that of the listener's answer; 0 is none.
	Status int `json:"status"`
	// Date is the BI-Signature-Date.
	Date string `json:"date"`
	// Fault says why it was sent at all, or not: webhook-duplicate, webhook-forged, webhook-missing.
	Fault string `json:"fault,omitempty"`
}

// hookLog remembers the newest attempts.
type hookLog struct {
	mu   sync.Mutex
	size int
	ring []Webhook
	at   int // of the oldest, once the ring is full
}

func (l *hookLog) add(w Webhook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < l.size {
		l.ring = append(l.ring, w)
		return
	}
	l.ring[l.at] = w
	l.at = (l.at + 1) % l.size
}

// list returns them oldest first.
func (l *hookLog) list() []Webhook {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(slices.Clone(l.ring[l.at:]), l.ring[:l.at]...)
}

func (l *hookLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.at = nil, 0
}
