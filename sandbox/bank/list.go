package bank

import (
	"cmp"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// maxLimit is the API's maximum page size, and the default.
const maxLimit = 1000

// filter reports whether a payment belongs in a list.
type filter func(r *record) bool

// textFilters compare a query parameter with a property; the literal null selects payments without it.
var textFilters = map[string]func(r *record) []string{
	"state":          func(r *record) []string { return []string{r.State} },
	"error_code":     func(r *record) []string { return []string{r.ErrorCode} },
	"connector_uuid": func(r *record) []string { return []string{r.Connector} },
	"id_connector":   func(r *record) []string { return []string{connectorID(r)} },
	"payer_identification": func(r *record) []string {
		if r.Payer == nil {
			return []string{""}
		}
		return []string{r.Payer.Identification}
	},
	"reference_id":        func(r *record) []string { return each(r, func(i instruction) string { return i.ReferenceID }) },
	"execution_date_type": func(r *record) []string { return each(r, func(i instruction) string { return i.Kind }) },
	"beneficiary_identification": func(r *record) []string {
		return each(r, func(i instruction) string { return i.Beneficiary.Identification })
	},
	// No payment of this bank has these properties: ignoring the filters would return payments that were not requested.
	"bank_payment_id":     func(*record) []string { return []string{""} },
	"website":             func(*record) []string { return []string{""} },
	"id_connector_source": func(*record) []string { return []string{""} },
}

func each(r *record, property func(instruction) string) []string {
	values := make([]string, 0, len(r.Instructions))
	for _, i := range r.Instructions {
		values = append(values, property(i))
	}
	return values
}

func connectorID(r *record) string {
	if c := connectorByUUID(r.Connector); c != nil {
		return strconv.FormatInt(c.ID, 10)
	}
	return ""
}

func (b *Bank) list(c *call) ([]byte, error) {
	if !c.claims.may(scopeRead, scopeValidate, scopeCancel, scopeSensitive) {
		return nil, errForbidden
	}
	found, total, err := b.search(c.r.URL.Query(), c.claims.Payment)
	if err != nil {
		return nil, err
	}
	o := object("{")
	o.key("payments")
	o = append(o, '[')
	v := c.view()
	for n, r := range found {
		if n > 0 {
			o = append(o, ',')
		}
		o = b.appendPayment(o, r, v)
	}
	o = append(o, ']')
	o.number("total", int64(total))
	return append(o, '}'), nil
}

// search returns one page of the payments that a query selects, and their total number.
func (b *Bank) search(q url.Values, only int64) ([]*record, int, error) {
	found, err := b.selected(q, only)
	if err != nil {
		return nil, 0, err
	}
	page, err := paginate(found, q)
	return page, len(found), err
}

// selected returns all payments that a query selects, in the query's order.
func (b *Bank) selected(q url.Values, only int64) ([]*record, error) {
	filters := parseFilters(q)
	from, to, err := parseSpan(q)
	if err != nil {
		return nil, err
	}
	var found []*record
	for _, p := range b.candidates(q, from) {
		if p == nil {
			continue
		}
		r, err := b.upToDate(p)
		if err != nil {
			return nil, err
		}
		if (only == 0 || only == r.ID) && from.has(r, to) && !slices.ContainsFunc(filters, func(f filter) bool { return !f(r) }) {
			found = append(found, r)
		}
	}
	return found, sortBy(found, q)
}

// candidates uses an index: the reference, or the order of registration.
func (b *Bank) candidates(q url.Values, from span) []*payment {
	if ref := q.Get("reference_id"); ref != "" {
		return b.store.withReference(ref)
	}
	all := b.store.all()
	if from.validated || from.at.IsZero() {
		return all
	}
	first := sort.Search(len(all), func(n int) bool {
		return all[n] == nil || !all[n].cur.Load().Registered.Before(from.at.Add(-time.Minute))
	})
	return all[first:]
}

func parseFilters(q url.Values) []filter {
	var filters []filter
	for name, values := range textFilters {
		want := q.Get(name)
		if want == "" {
			continue
		}
		if want == "null" {
			want = ""
		}
		filters = append(filters, func(r *record) bool { return slices.Contains(values(r), want) })
	}
	return filters
}

// span is a range of dates, and the date property to compare.
type span struct {
	at        time.Time
	validated bool
}

func (s span) has(r *record, end time.Time) bool {
	date := r.Registered
	if s.validated {
		date = r.Validated
	}
	return (s.at.IsZero() || !date.Before(s.at)) && (end.IsZero() || date.Before(end)) && (!s.validated || !date.IsZero())
}

// parseSpan parses min_date (inclusive) and max_date (exclusive): a time, a day, a month or a year.
func parseSpan(q url.Values) (span, time.Time, error) {
	var s span
	switch q.Get("filter") {
	case "", "register_date":
	case "validate_date":
		s.validated = true
	default:
		return s, time.Time{}, invalid("filter")
	}
	var end time.Time
	for name, into := range map[string]*time.Time{"min_date": &s.at, "max_date": &end} {
		if text := q.Get(name); text != "" {
			t, ok := parseMoment(text)
			if !ok {
				return s, end, invalid("%s", name)
			}
			*into = t
		}
	}
	return s, end, nil
}

func parseMoment(text string) (time.Time, bool) {
	for _, layout := range []string{dateTime, "2006-01-02", "2006-01", "2006"} {
		if t, err := time.ParseInLocation(layout, text, paris); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// orders compare two payments by the property in order_by.
var orders = map[string]func(a, b *record) int{
	"id":                  func(a, b *record) int { return cmp.Compare(a.ID, b.ID) },
	"register_date":       func(a, b *record) int { return a.Registered.Compare(b.Registered) },
	"validate_date":       func(a, b *record) int { return a.Validated.Compare(b.Validated) },
	"state":               func(a, b *record) int { return strings.Compare(a.State, b.State) },
	"connectors":          func(a, b *record) int { return strings.Compare(a.Connector, b.Connector) },
	"amount":              func(a, b *record) int { return cmp.Compare(a.total(), b.total()) },
	"instruction_count":   func(a, b *record) int { return cmp.Compare(len(a.Instructions), len(b.Instructions)) },
	"execution_date_type": func(a, b *record) int { return strings.Compare(a.Instructions[0].Kind, b.Instructions[0].Kind) },
}

// sortBy sorts in place. Payments come oldest first, which is the default.
func sortBy(found []*record, q url.Values) error {
	if by := q.Get("order_by"); by != "" {
		compare := orders[by]
		if compare == nil {
			return invalid("order_by")
		}
		slices.SortStableFunc(found, compare)
	}
	if reverse := q.Get("reverse"); reverse != "" && reverse != "false" && reverse != "0" {
		slices.Reverse(found)
	}
	return nil
}

func paginate(found []*record, q url.Values) ([]*record, error) {
	limit, err := number(q, "limit", maxLimit)
	if err != nil {
		return nil, err
	}
	offset, err := number(q, "offset", 0)
	if err != nil {
		return nil, err
	}
	found = found[min(offset, len(found)):]
	return found[:min(limit, maxLimit, len(found))], nil
}

func number(q url.Values, name string, otherwise int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, invalid("%s", name)
	}
	return n, nil
}
