package boot

import (
	"strings"
	"testing"
	"time"
)

// TestARolloutOfAllServicesFitsIntoPostgreSQLsDefault: two replicas of each, and a third while one is replaced. It needed 253.
func TestARolloutOfAllServicesFitsIntoPostgreSQLsDefault(t *testing.T) {
	t.Parallel()
	const replicas, free = 3, 100 - 3 // superuser_reserved_connections
	var sum int32
	for _, n := range budget {
		sum += n * replicas
	}
	if sum > free {
		t.Errorf("%d connections, of %d", sum, free)
	}
}

func TestTheSettingsOfConnectionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plain Plain
		want  string
		size  int32
	}{
		"default":                 {Plain{}, "", 6},
		"all of a replica":        {Plain{DatabaseConns: 16}, "", 14},
		"too few":                 {Plain{DatabaseConns: 3}, "at least 4", 0},
		"unknown way":             {Plain{DatabasePooling: "statement"}, "session or transaction", 0},
		"migrations have no way":  {Plain{DatabasePooling: "transaction"}, "EUPAY_DATABASE_DIRECT_URL", 0},
		"pooled":                  {Plain{DatabasePooling: "transaction", DatabaseDirectURL: "postgres://x/y"}, "", 6},
		"pooled, and waits":       {Plain{DatabasePooling: "transaction", Migrations: "wait"}, "", 6},
		"migrations of nobody":    {Plain{Migrations: "false"}, "apply or wait", 0},
		"session mode of a proxy": {Plain{DatabasePooling: "session"}, "", 6},
	} {
		got, err := c.plain.database("payments", 2)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (got.MaxConns != c.size || got.Pooled != (c.plain.DatabasePooling == "transaction")) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestReadsTakeTheirConnectionsFromTheService: the budget counts them.
func TestReadsTakeTheirConnectionsFromTheService(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plain      Plain
		service    string
		leaders    int32
		own, reads int32
		want       string
	}{
		"payments":                     {service: "payments", leaders: 2, own: 4, reads: 2},
		"gateway":                      {service: "gateway", leaders: 2, own: 3, reads: 1},
		"einvoice":                     {service: "einvoice", leaders: 2, own: 2, reads: 1},
		"portal, which has too few":    {service: "portal", own: 2},
		"as few as the version before": {plain: Plain{DatabaseConns: 4}, service: "einvoice", leaders: 2, own: 2},
		"more":                         {plain: Plain{DatabaseConns: 20, DatabaseReadConns: 9}, service: "payments", leaders: 2, own: 9, reads: 9},
		"all":                          {plain: Plain{DatabaseReadConns: 5}, service: "payments", leaders: 2, want: "at most 4"},
		"negative":                     {plain: Plain{DatabaseReadConns: -1}, service: "payments", leaders: 2, want: "at most 4"},
		"no URL":                       {plain: Plain{DatabaseReadURL: "http://x"}, service: "payments", leaders: 2, want: "EUPAY_DATABASE_READ_URL"},
		"a lag that nothing can have":  {plain: Plain{DatabaseReadLag: time.Millisecond}, service: "payments", leaders: 2, want: "EUPAY_DATABASE_READ_LAG"},
	} {
		s, err := c.plain.database(c.service, c.leaders)
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.plain.reads(&s)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (s.MaxConns != c.own || r.MaxConns != c.reads) {
			t.Errorf("%s: %d and %d for reads", name, s.MaxConns, r.MaxConns)
		}
	}
}
