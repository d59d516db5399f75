package delivery

import (
	"context"
	"crypto/md5" //nolint:gosec // not for secrecy: it is what PostgreSQL has, and only our own ids are hashed
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
)

// pageStart is how many entries a list has, and where a page begins: after the first skip rows that are older than before (zero: of all).
type pageStart struct {
	total  tally.Total
	before time.Time
	skip   int64
	// beyond is true if the list ends before the page.
	beyond bool
}

// counterKey is what the counters of deliveries have for the merchant, as in the triggers.
func counterKey(merchant string) string {
	return uuid.UUID(md5.Sum([]byte(merchant))).String() //nolint:gosec // see above
}

// endedBadly reports whether deliveries of this status have counters of their own.
func endedBadly(status string) bool {
	return status == Exhausted || status == Missed || status == Cancelled
}

// testGroup is added to the endpoint's id in the counters of tests that ended badly.
const testGroup = " test"

// start counts the entries and finds the page.
func (f Filter) start(ctx context.Context, db pg.Reader) (pageStart, error) {
	if f.Reference+f.EventType+f.EventID+f.MerchantReference != "" || f.Status != "" && !endedBadly(f.Status) {
		where, args := f.where().where()
		total, err := tally.AtMost(ctx, db, "from deliveries d where "+where, args...)
		return pageStart{total: total, skip: f.Offset}, err
	}
	var groups []string
	if id := strings.ToLower(f.EndpointID); id != "" {
		groups = []string{id, id + testGroup}
	}
	return findPage(ctx, db, f.counters(groups, func(ctx context.Context, created Between) (int64, error) {
		edge := f
		edge.Created = created
		where, args := edge.where().where()
		return countAll(ctx, db, "deliveries d", where, args)
	}), f.Offset)
}

// counters are those of the status and the period. edge counts what they do not know exactly.
func (f Filter) counters(groups []string, edge func(context.Context, Between) (int64, error)) tally.Filter {
	t := tally.Filter{List: "deliveries", MerchantID: counterKey(f.Merchant), Livemode: f.Livemode, Groups: groups}
	if f.Status != "" {
		t.List += "." + f.Status
	}
	return within(t, f.Created, edge)
}

// start counts the entries and finds the page.
func (f AttemptFilter) start(ctx context.Context, db pg.Reader) (pageStart, error) {
	t := tally.Filter{List: "attempts", MerchantID: f.EndpointID}
	if f.Succeeded != nil {
		t.Groups = []string{map[bool]string{true: "success", false: "failure"}[*f.Succeeded]}
	}
	return findPage(ctx, db, within(t, f.Started, func(ctx context.Context, started Between) (int64, error) {
		edge := f
		edge.Started = started
		where, args := edge.where().where()
		return countAll(ctx, db, "attempts a", where, args)
	}), f.Offset)
}

func within(t tally.Filter, period Between, edge func(context.Context, Between) (int64, error)) tally.Filter {
	if period.After != nil {
		t.From = *period.After
	}
	if period.Before != nil {
		t.To = *period.Before
	}
	t.Edge = func(ctx context.Context, from, to time.Time) (int64, error) { return edge(ctx, Between{&from, &to}) }
	return t
}

func findPage(ctx context.Context, db pg.Reader, t tally.Filter, offset int64) (pageStart, error) {
	place, err := tally.Find(ctx, db, t, offset)
	return pageStart{total: tally.Total{Rows: place.Total}, before: place.Before, skip: place.Skip, beyond: place.Beyond}, err
}

// countAll counts the rows of less than a minute.
func countAll(ctx context.Context, db pg.Reader, table, where string, args []any) (n int64, err error) {
	if err := db.QueryRow(ctx, `select count(*) from `+table+` where `+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count %s: %w", table, err)
	}
	return n, nil
}

// activeEndpoints returns those of the merchant to which deliveries can be sent again, or only the one that m names.
func activeEndpoints(ctx context.Context, db pg.Reader, m Match) ([]string, error) {
	c := &conditions{}
	c.add("merchant_id = $%d", m.Merchant)
	c.add("livemode = $%d", m.Livemode)
	c.equal("id", m.EndpointID)
	where, args := c.where()
	rows, err := db.Query(ctx, `select id::text from endpoints where enabled and deleted_at is null and `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("find endpoints: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("find endpoints: %w", err)
	}
	return list, nil
}
