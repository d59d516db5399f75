// Package plantest tells tests how PostgreSQL answers the statements that a piece of code sends: by which indexes, and by how many pages of memory.
package plantest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Big reports whether tests may fill their tables with 1,000,000 rows, which takes minutes: EUPAY_BIG=1 is set.
func Big() bool { return os.Getenv("EUPAY_BIG") == "1" }

// Plan is how one statement was answered.
type Plan struct {
	SQL string
	// Buffers are the pages of 8 KiB that were read, from memory or from disk, each as often as it was read.
	Buffers int64
	// Scanned are the tables that were read as a whole, without those of a few pages, for which an index would cost more.
	Scanned []string
	// Indexes are those that were used.
	Indexes []string
	// Text is the plan, a step in each line, for messages.
	Text string
}

// fewPages is what a table may have that is read as a whole.
const fewPages = 20

// Plans are those of several statements.
type Plans []Plan

// Of runs do on a pool that notes its statements, and returns how each of them was answered when it was sent again. They must only read.
func Of(t testing.TB, pool *pgxpool.Pool, do func(ctx context.Context, pool *pgxpool.Pool) error) Plans {
	t.Helper()
	var notes notebook
	cfg := pool.Config()
	cfg.ConnConfig.Tracer = &notes
	noted, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer noted.Close()
	if err := do(t.Context(), noted); err != nil {
		t.Fatal(err)
	}
	if len(notes.list) == 0 {
		t.Fatal("no statement was sent")
	}
	var all Plans
	for _, one := range notes.list {
		all = append(all, explain(t, pool, one))
	}
	return all
}

// Buffers returns those of all statements together.
func (p Plans) Buffers() (sum int64) {
	for _, one := range p {
		sum += one.Buffers
	}
	return sum
}

// Uses reports whether one of the statements used the index.
func (p Plans) Uses(index string) bool {
	return slices.ContainsFunc(p, func(one Plan) bool { return slices.Contains(one.Indexes, index) })
}

// Bounded fails the test if a statement read a table as a whole, or if all of them together read more than that many pages.
func (p Plans) Bounded(t testing.TB, what string, most int64) {
	t.Helper()
	for _, one := range p {
		if len(one.Scanned) > 0 {
			t.Errorf("%s reads all of %s:\n%s\n%s", what, strings.Join(one.Scanned, ", "), one.SQL, one.Text)
		}
	}
	if read := p.Buffers(); read > most {
		t.Errorf("%s reads %d pages instead of at most %d:\n%s", what, read, most, p)
	}
}

// String returns the statements with their plans.
func (p Plans) String() string {
	var b strings.Builder
	for _, one := range p {
		b.WriteString(one.SQL + "\n" + one.Text + "\n\n")
	}
	return b.String()
}

type statement struct {
	sql  string
	args []any
}

// notebook keeps the statements that a pool sends.
type notebook struct {
	mu   sync.Mutex
	list []statement
}

func (n *notebook) note(sql string, args []any) {
	switch word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(sql)), " "); word {
	case "select", "with", "(select": // not those that open and end transactions
		n.mu.Lock()
		defer n.mu.Unlock()
		n.list = append(n.list, statement{sql, args})
	}
}

func (n *notebook) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	n.note(d.SQL, d.Args)
	return ctx
}

func (n *notebook) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (n *notebook) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (n *notebook) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	n.note(d.SQL, d.Args)
}

func (n *notebook) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// node is a step of a plan in EXPLAIN's JSON.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Index    string  `json:"Index Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Hit      int64   `json:"Shared Hit Blocks"`
	Read     int64   `json:"Shared Read Blocks"`
	Plans    []node  `json:"Plans"`
}

func (n node) fill(p *Plan, depth int) {
	p.Text += fmt.Sprintf("%s%s %s %s: %.0f rows, %.0f times, %d pages\n", strings.Repeat("  ", depth), n.Type, n.Relation, n.Index, n.Rows, n.Loops, n.Hit+n.Read)
	if n.Index != "" {
		p.Indexes = append(p.Indexes, n.Index)
	}
	if n.Type == "Seq Scan" && n.Hit+n.Read > fewPages {
		p.Scanned = append(p.Scanned, n.Relation)
	}
	for _, child := range n.Plans {
		child.fill(p, depth+1)
	}
}

func explain(t testing.TB, pool *pgxpool.Pool, s statement) Plan {
	t.Helper()
	p := Plan{SQL: s.sql}
	var raw []byte
	if err := pool.QueryRow(t.Context(), `explain (analyze, buffers, timing off, format json) `+s.sql, s.args...).Scan(&raw); err != nil {
		t.Fatalf("explain %s: %v", s.sql, err)
	}
	var roots []struct {
		Plan node `json:"Plan"`
	}
	if err := json.Unmarshal(raw, &roots); err != nil {
		t.Fatal(err)
	}
	roots[0].Plan.fill(&p, 0)
	p.Buffers = roots[0].Plan.Hit + roots[0].Plan.Read // those of a step include its children's
	return p
}
