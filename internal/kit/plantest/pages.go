package plantest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/tally"
)

// Settle folds the counters of the database and brings its statistics up to date, as happens in the background.
func Settle(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	for n := 1; n > 0; {
		var err error
		if n, err = tally.Fold(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), `vacuum analyze`); err != nil {
		t.Fatal(err)
	}
}

// PageSize is how many elements the pages have that EvenPages asks for.
const PageSize = 20

// EvenPages fails the test if the page in the middle or the last full page of a list of that many elements costs more than three times what the
// first one does. read reads the page with that number, from 1, and returns how many elements it has.
func EvenPages(t *testing.T, pool *pgxpool.Pool, what string, elements int, read func(ctx context.Context, pool *pgxpool.Pool, page int) (int, error)) {
	t.Helper()
	last := elements / PageSize
	pages := []int{1, last / 2, last}
	var costs []int64
	for _, page := range pages {
		p := Of(t, pool, func(ctx context.Context, pool *pgxpool.Pool) error {
			n, err := read(ctx, pool, page)
			if err == nil && n != PageSize {
				err = fmt.Errorf("page %d of %s has %d elements", page, what, n)
			}
			return err
		})
		p.Bounded(t, fmt.Sprintf("page %d of %s", page, what), mostPages)
		costs = append(costs, p.Buffers())
	}
	t.Logf("%s: pages %v read %v pages of memory", what, pages, costs)
	if slices.Max(costs) > 3*max(costs[0], cheapest) {
		t.Errorf("%s: pages %v read %v pages of memory", what, pages, costs)
	}
}

const (
	// mostPages is what a page of a list may read.
	mostPages = 1000
	// cheapest is what the first page is taken to cost at least: the way down the indexes of counters and rows is longer than the few pages of small
	// rows, and how long it is depends on how the counters of the hours and minutes lie.
	cheapest = 25
)

// AllPages fails the test if the pages of a list together are not the ids that it has, in their order, or if a page has another total. read reads
// the page with that number, from 1.
func AllPages(t *testing.T, what string, want []string, read func(page int) (ids []string, total int64, err error)) {
	t.Helper()
	var got []string
	for page := 1; ; page++ {
		ids, total, err := read(page)
		if err != nil {
			t.Fatal(err)
		}
		if total != int64(len(want)) {
			t.Fatalf("page %d of %s says that there are %d of %d", page, what, total, len(want))
		}
		if got = append(got, ids...); len(ids) == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages of %s have %d elements in another order than the %d that there are", what, len(got), len(want))
	}
}
