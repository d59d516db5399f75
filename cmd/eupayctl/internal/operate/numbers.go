package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/pg"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// SeriesOfOrders is the series of a merchant's orders, which is one for both modes and all years.
const SeriesOfOrders = "order"

// Series is a merchant's row of numbers.
type Series struct {
	Merchant string
	Livemode bool
	// Name is "INV", "CN" or SeriesOfOrders. Year is 0 for orders.
	Name string
	Year int
}

// Counter is a series of which the stream knows a higher number than the database.
type Counter struct {
	Series
	// Recorded is the highest number that the database knows, Given the highest that was given out.
	Recorded, Given int64
}

// Numbers returns the series that a restored database continues too early: the stream has seen higher numbers since then. If run is set, their
// counters are raised; they are never lowered. db reads the schemas of einvoice and qr.
func (o *Operator) Numbers(ctx context.Context, db pg.DB, since time.Time, run bool) ([]Counter, error) {
	given, err := o.given(ctx, since)
	if err != nil {
		return nil, err
	}
	tables, err := counterTables(ctx, db)
	if err != nil {
		return nil, err
	}
	var behind []Counter
	for _, s := range slices.SortedFunc(maps.Keys(given), compareSeries) {
		table := tables[s.Name == SeriesOfOrders]
		if table == "" {
			return nil, invalid("this database has no counters for %s that its user may read: check EUPAY_DATABASE_URL", s.Name)
		}
		c := Counter{Series: s, Given: given[s]}
		if c.Recorded, err = recorded(ctx, db, table, s); err != nil {
			return nil, err
		}
		if c.Recorded >= c.Given {
			continue
		}
		behind = append(behind, c)
		if !run {
			continue
		}
		if err := raise(ctx, db, table, c); err != nil {
			return behind, err
		}
	}
	return behind, nil
}

func compareSeries(a, b Series) int {
	return cmp.Or(cmp.Compare(a.Merchant, b.Merchant), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Year, b.Year),
		cmp.Compare(strconv.FormatBool(a.Livemode), strconv.FormatBool(b.Livemode)))
}

// given returns the highest number of each series that an event has named since then.
func (o *Operator) given(ctx context.Context, since time.Time) (map[Series]int64, error) {
	given := make(map[Series]int64)
	note := func(s Series, n int64) { given[s] = max(given[s], n) }
	for _, types := range []string{"invoice.*", "order.*"} {
		err := o.Events(ctx, Filter{Types: []string{types}}, Window{Since: since}, false, func(e Event) (bool, error) {
			return true, numbersOf(e, note)
		})
		if err != nil {
			return nil, err
		}
	}
	return given, nil
}

func numbersOf(e Event, note func(Series, int64)) error {
	if strings.HasPrefix(e.Type, "order.") {
		var c eventsv1.OrderChanged
		if err := proto.Unmarshal(e.Data, &c); err != nil {
			return fmt.Errorf("read event %s: %w", e.ID, err)
		}
		note(Series{Merchant: e.Merchant, Name: SeriesOfOrders}, c.GetNumber())
		return nil
	}
	var c eventsv1.InvoiceChanged
	if err := proto.Unmarshal(e.Data, &c); err != nil {
		return fmt.Errorf("read event %s: %w", e.ID, err)
	}
	for _, number := range []string{c.GetInvoice().GetNumber(), c.GetCreditNoteNumber()} {
		if number == "" {
			continue
		}
		s, n, err := seriesOf(number)
		if err != nil {
			return fmt.Errorf("read event %s: %w", e.ID, err)
		}
		s.Merchant, s.Livemode = e.Merchant, e.Livemode
		note(s, n)
	}
	return nil
}

var errNumber = errors.New("a document's number is not SERIES-YEAR-CODE-COUNT")

// seriesOf reads a document's number, such as INV-2026-AB12CD-000042.
func seriesOf(number string) (Series, int64, error) {
	parts := strings.Split(number, "-")
	if len(parts) != 4 {
		return Series{}, 0, errNumber
	}
	year, badYear := strconv.Atoi(parts[1])
	n, badCount := strconv.ParseInt(parts[3], 10, 64)
	if badYear != nil || badCount != nil {
		return Series{}, 0, errNumber
	}
	return Series{Name: parts[0], Year: year}, n, nil
}

// counterTables returns the table of documents' counters under false, and that of orders under true.
func counterTables(ctx context.Context, db pg.DB) (map[bool]string, error) {
	tables := make(map[bool]string)
	for orders, name := range map[bool]string{false: "counters", true: "order_counters"} {
		schemas, err := schemasWith(ctx, db, name)
		if err != nil {
			return nil, err
		}
		if len(schemas) > 0 {
			tables[orders] = pgx.Identifier{schemas[0], name}.Sanitize()
		}
	}
	return tables, nil
}

// where returns the condition that finds the row of a series, and its arguments.
func (s Series) where() (string, []any) {
	if s.Name == SeriesOfOrders {
		return "merchant_id = $1::uuid", []any{s.Merchant}
	}
	return "merchant_id = $1 and livemode = $2 and series = $3 and year = $4", []any{s.Merchant, s.Livemode, s.Name, s.Year}
}

func recorded(ctx context.Context, db pg.DB, table string, s Series) (last int64, err error) {
	condition, args := s.where()
	err = db.QueryRow(ctx, `select coalesce(max(last), 0) from `+table+` where `+condition, args...).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("read a counter: %w", err)
	}
	return last, nil
}

func raise(ctx context.Context, db pg.DB, table string, c Counter) error {
	sql, args := `insert into `+table+` as c (merchant_id, last) values ($1::uuid, $2)
		on conflict (merchant_id) do update set last = greatest(c.last, excluded.last)`, []any{c.Merchant, c.Given}
	if c.Name != SeriesOfOrders {
		sql, args = `insert into `+table+` as c (merchant_id, livemode, series, year, last) values ($1, $2, $3, $4, $5)
			on conflict (merchant_id, livemode, series, year) do update set last = greatest(c.last, excluded.last)`,
			[]any{c.Merchant, c.Livemode, c.Name, c.Year, c.Given}
	}
	if _, err := db.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("raise a counter: %w", err)
	}
	return nil
}
