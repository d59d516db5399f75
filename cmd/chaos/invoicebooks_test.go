package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// filed is a document as the platform has it.
type filed struct {
	Number    string `json:"invoice_number"`
	Ref       string `json:"external_ref"`
	SIREN     string `json:"siren"`
	Type      string `json:"type_code"`
	Received  int
	Collected int64 `json:"collected_cents"`
	Gross     int64 `json:"gross_cents"`
	Events    []int
}

// collected is a payment of an invoice that the platform was told of.
type collected struct {
	Ref     string `json:"external_ref"`
	Kind    string
	SIREN   string
	Invoice string `json:"invoice_number"`
	Cents   int64
}

// books are what the platform has of one merchant, and what the API shows.
type books struct {
	filed     map[string][]filed // by number
	collected map[string][]collected
	invoices  map[string]document // by id
}

// agreeLimit is how long the books may take to agree. A status that the platform has refused six or seven times while it misbehaved is sent
// again after one or two minutes.
const agreeLimit = 3 * time.Minute

// compareBooks waits until REST, platform and webhooks agree on every invoice, and reports where they do not.
func (i *issuer) compareBooks(ctx context.Context) {
	i.t.Helper()
	limit, cancel := context.WithTimeout(ctx, agreeLimit)
	defer cancel()
	var differences []string
	settled := make(map[string]document)
	until(limit, pause, func() bool {
		found := i.differences(limit, settled)
		if limit.Err() == nil || differences == nil { // what was not asked for in time says nothing
			differences = found
		}
		return len(found) == 0
	})
	for _, d := range differences {
		i.t.Error(d)
	}
}

// differences are all that there are. Invoices that are in order stay in settled, so that they are not asked for again.
func (i *issuer) differences(ctx context.Context, settled map[string]document) (all []string) {
	b := books{invoices: settled}
	if !i.readPlatform(ctx, &b) {
		return []string{"the platform does not answer"}
	}
	var invoices, corrections []string
	for _, d := range i.deals {
		shown, ok := settled[d.id]
		if !ok && i.call(ctx, http.MethodGet, "/einvoice/invoices/"+d.id, nil, &shown) != http.StatusOK {
			return append(all, d.own+" is not shown")
		}
		for k := range shown.Corrections {
			c := &shown.Corrections[k]
			if !ok && i.call(ctx, http.MethodGet, "/einvoice/invoices/"+c.ID, nil, c) != http.StatusOK {
				return append(all, c.Number+" is not shown")
			}
		}
		found := append(append(d.shown(shown), d.filed(b, shown)...), i.told(d, shown)...)
		if len(found) == 0 {
			settled[d.id] = shown
		}
		for _, f := range found {
			all = append(all, fmt.Sprintf("%s, %s: %s", d.own, d.number, f))
		}
		invoices = append(invoices, d.number)
		for _, c := range shown.Corrections {
			corrections = append(corrections, c.Number)
		}
	}
	all = append(append(all, gaps("INV", invoices)...), gaps("CN", corrections)...)
	for number := range b.filed {
		if !slices.Contains(invoices, number) && !slices.Contains(corrections, number) {
			all = append(all, "the platform has "+number+", which nobody issued")
		}
	}
	if listed := i.listed(ctx); listed != len(i.deals) {
		all = append(all, fmt.Sprintf("%d invoices are listed, %d were issued", listed, len(i.deals)))
	}
	return all
}

func (i *issuer) readPlatform(ctx context.Context, b *books) bool {
	var have struct{ Documents []filed }
	var told struct{ Reports []collected }
	url := i.w.sys.InvoicingManagementURL()
	if i.request(ctx, http.MethodGet, url+"/documents", nil, &have) != http.StatusOK || i.request(ctx, http.MethodGet, url+"/reports", nil, &told) != http.StatusOK {
		return false
	}
	b.filed, b.collected = make(map[string][]filed), make(map[string][]collected)
	for _, d := range have.Documents {
		if d.SIREN == i.siren {
			b.filed[d.Number] = append(b.filed[d.Number], d)
		}
	}
	for _, r := range told.Reports {
		if r.SIREN == i.siren && r.Kind == "collection" {
			b.collected[r.Invoice] = append(b.collected[r.Invoice], r)
		}
	}
	return true
}

// listed is how many invoices the list has.
func (i *issuer) listed(ctx context.Context) int {
	var list struct{ Pagination struct{ Total int } }
	i.call(ctx, http.MethodGet, "/einvoice/invoices?limit=1", nil, &list)
	return list.Pagination.Total
}

// shown tells where the API disagrees with what was done.
func (d *deal) shown(v document) (found []string) {
	differ := func(what string, got, want any) {
		if got != want {
			found = append(found, fmt.Sprintf("%s is %v, want %v", what, got, want))
		}
	}
	differ("number", v.Number, d.number)
	differ("reference", v.Reference, d.own)
	differ("status", v.Status, d.status)
	differ("total", cents(v.Total), d.total)
	differ("paid", cents(v.Paid), d.paid)
	differ("credited", cents(v.Credited), d.credited)
	var paid, credited int64
	for _, p := range v.Payments {
		paid += cents(p.Amount)
		if d.reference != "" {
			differ("EU Pay payment", p.Reference, d.reference)
		}
	}
	differ("sum of payments", paid, d.paid)
	var types []string
	for _, c := range v.Corrections {
		types = append(types, c.Type)
		credited += cents(c.Corrects.Amount)
		differ(c.Number+" "+c.Problem, c.Seqino, "submitted")
	}
	if d.alone && len(types) == 0 {
		differ(v.Problem, v.Seqino, "none")
		return found
	}
	differ("sum of credit notes", credited, d.credited)
	differ("corrections", fmt.Sprint(types), fmt.Sprint(d.corrections))
	differ("way to the platform "+v.Problem, v.Seqino, "submitted")
	return found
}

// givenBack is the part of a correction of a paid invoice that is for services: all of it, or what the lines of the credit note say.
func (d *deal) givenBack(c document) (services int64) {
	if c.Type == "384" {
		return d.services
	}
	for _, l := range c.Items {
		if l.Type == "service" {
			services += cents(l.Total)
		}
	}
	return services
}

// filed tells where the platform disagrees: each document once, each payment for services by a business once, and what of it went back once.
func (d *deal) filed(b books, v document) (found []string) {
	differ := func(what string, got, want any) {
		if got != want {
			found = append(found, fmt.Sprintf("%s is %v, want %v", what, got, want))
		}
	}
	want := map[string]document{}
	if v.Seqino == "submitted" {
		want[v.Number] = v
	}
	for _, c := range v.Corrections {
		want[c.Number] = c
	}
	differ(v.Number+" without a way to the platform, there", len(b.filed[v.Number]), min(len(want), 1))
	for number, w := range want {
		at := b.filed[number]
		differ("number of "+number+" at the platform", len(at), 1)
		for _, f := range at {
			differ(number+" received", f.Received, 1)
			differ(number+" has the reference", f.Ref, w.ID)
			differ(number+" has the total", f.Gross, cents(w.Total))
			differ(number+" has the type", f.Type, w.Type)
			differ(number+" was rejected", slices.Contains(f.Events, 213) || slices.Contains(f.Events, 210), false)
		}
	}
	var reported, sum int64
	if d.business && d.paid > 0 {
		reported = d.services
	}
	refs := map[string]int{}
	for _, c := range b.collected[v.Number] {
		sum += c.Cents
		refs[c.Ref]++
	}
	for _, p := range v.Payments {
		if reported > 0 {
			differ("payment "+p.ID+" collected", refs[p.ID], 1)
		}
		delete(refs, p.ID)
	}
	for _, c := range v.Corrections {
		if d.business && d.paid > 0 {
			differ("what "+c.Number+" gave back", refs[c.ID], 1)
			reported -= d.givenBack(c)
		}
		delete(refs, c.ID)
	}
	differ("collections of nobody's payments", len(refs), 0)
	differ("sum of collections", sum, reported)
	if at := b.filed[v.Number]; len(at) > 0 {
		differ("collected at the platform", at[0].Collected, reported)
	}
	return found
}

// told tells what the merchant was not told, and where what it was told does not make a history.
func (i *issuer) told(d *deal, v document) (found []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	heard := i.heard[d.number]
	counts := map[string]int{}
	before := ""
	for _, n := range heard {
		counts[n.Event]++
		if n.Data.Before != before {
			found = append(found, fmt.Sprintf("webhook %d %s follows %q, but %q was told", n.Sequence, n.Event, n.Data.Before, before))
		}
		before = n.Data.Status
	}
	for _, event := range d.told {
		if counts[event]--; counts[event] < 0 {
			found = append(found, "no webhook "+event)
		}
	}
	if len(heard) == 0 {
		return found
	}
	if last := heard[len(heard)-1].Data; last.Status != v.Status || last.Paid != v.Paid || last.Credited != v.Credited {
		found = append(found, fmt.Sprintf("the last webhook says %+v, REST says %s %s %s", last, v.Status, v.Paid, v.Credited))
	}
	for _, c := range v.Corrections {
		if of := i.heard[c.Number]; !slices.ContainsFunc(of, func(n news) bool { return n.Event == "invoice.submitted" }) {
			found = append(found, "no webhook that "+c.Number+" was submitted")
		}
	}
	return found
}

// gaps tells where numbers of a series are not 1, 2, 3 …
func gaps(series string, numbers []string) (found []string) {
	slices.Sort(numbers)
	for n, number := range numbers {
		if !strings.HasPrefix(number, series+"-") || !strings.HasSuffix(number, fmt.Sprintf("-%06d", n+1)) {
			return []string{fmt.Sprintf("number %d of %s is %s", n+1, series, number)}
		}
	}
	return nil
}

// cents reads an amount of the API.
func cents(n json.Number) int64 {
	whole, part, _ := strings.Cut(n.String(), ".")
	var c int64
	if _, err := fmt.Sscan(whole+(part + "00")[:2], &c); err != nil {
		return -1
	}
	return c
}
