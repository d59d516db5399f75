package fault

import "testing"

func hits(s *Set, operation string, calls int) int {
	n := 0
	for range calls {
		n += len(s.Pick(operation))
	}
	return n
}

func TestScopeOfARule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault     Fault
		operation string
		want      int // of 10
	}{
		"all operations":            {Fault{Kind: Error}, "create", 10},
		"call fault spares hooks":   {Fault{Kind: Error}, Webhook, 0},
		"hook fault spares calls":   {Fault{Kind: HookDrop}, "get", 0},
		"hook fault":                {Fault{Kind: HookDrop}, Webhook, 10},
		"shape is in calls":         {Fault{Kind: FieldsMap}, "get", 10},
		"shape is in hooks":         {Fault{Kind: FieldsMap}, Webhook, 10},
		"one operation":             {Fault{Kind: Slow, Operation: "get"}, "get", 10},
		"another operation":         {Fault{Kind: Slow, Operation: "get"}, "create", 0},
		"next three calls":          {Fault{Kind: Slow, Times: 3}, "create", 3},
		"probability of one":        {Fault{Kind: Slow, Probability: 1}, "create", 10},
		"probability and then some": {Fault{Kind: Slow, Probability: 1, Times: 4}, "create", 4},
	} {
		s := Set{Operations: []string{"get", "create"}}
		if _, err := s.Add(c.fault); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := hits(&s, c.operation, 10); got != c.want {
			t.Errorf("%s: %d hits, want %d", name, got, c.want)
		}
	}
}

func TestProbabilityRepeatsWithItsSeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		var s Set
		if _, err := s.Add(Fault{Kind: Error, Probability: 0.3, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		pattern := make([]byte, 200)
		for i := range pattern {
			pattern[i] = byte('0' + len(s.Pick("get")))
		}
		return string(pattern)
	}
	if first, second := run(7), run(7); first != second {
		t.Error("the same seed gives the same calls")
	}
	if run(7) == run(8) {
		t.Error("another seed gives other calls")
	}
	var s Set
	if _, err := s.Add(Fault{Kind: Error, Probability: 0.3, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	if n := hits(&s, "get", 1000); n < 240 || n > 360 {
		t.Errorf("%d of 1000 at 0.3", n)
	}
}

func TestWrongRulesAreRefused(t *testing.T) {
	t.Parallel()
	s := Set{Operations: []string{"get"}}
	for _, f := range []Fault{
		{Kind: "sloww"},
		{Kind: Slow, Operation: "gett"},
		{Kind: Slow, Operation: Webhook},
		{Kind: HookDrop, Operation: "get"},
		{Kind: Slow, Probability: 1.1},
		{Kind: Slow, Times: -1},
		{Kind: Error, Status: 200},
	} {
		if _, err := s.Add(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
		if err := s.Replace([]Fault{{Kind: Slow}, f}); err == nil || len(s.List()) != 0 {
			t.Errorf("replacing by %+v changed something", f)
		}
	}
}

func TestReplaceRemoveClear(t *testing.T) {
	t.Parallel()
	var s Set
	if err := s.Replace([]Fault{{Kind: Slow}, {Kind: Error}}); err != nil {
		t.Fatal(err)
	}
	list := s.List()
	if len(list) != 2 || !s.Remove(list[0].ID) || s.Remove(list[0].ID) {
		t.Fatalf("remove one of %+v", list)
	}
	if got := s.Pick("get"); len(got) != 1 || got[0].Kind != Error {
		t.Errorf("left: %+v", got)
	}
	s.Clear()
	if s.Pick("get") != nil {
		t.Error("cleared, but still hits")
	}
}

func TestRulesGoToTheirBounds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault Fault
		taken bool
	}{
		"the first error":     {Fault{Kind: Error, Status: 400}, true},
		"the last error":      {Fault{Kind: Error, Status: 599}, true},
		"before the first":    {Fault{Kind: Error, Status: 399}, false},
		"after the last":      {Fault{Kind: Error, Status: 600}, false},
		"a negative latency":  {Fault{Kind: Slow, LatencyMS: -1}, false},
		"a negative wait":     {Fault{Kind: RateLimit, RetryAfter: -1}, false},
		"a negative chance":   {Fault{Kind: Slow, Probability: -0.01}, false},
		"a shape of one call": {Fault{Kind: FieldsMap, Operation: "get"}, true},
		"a shape of webhooks": {Fault{Kind: FieldsMap, Operation: Webhook}, true},
	} {
		s := Set{Operations: []string{"get"}}
		if _, err := s.Add(c.fault); (err == nil) != c.taken {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A rule that strikes once strikes once, and a set whose rules are gone strikes no more.
func TestARuleThatStrikesOnce(t *testing.T) {
	t.Parallel()
	var s Set
	once, err := s.Add(Fault{Kind: Error, Times: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n := hits(&s, "get", 5); n != 1 || s.List()[0].Hits != 1 {
		t.Errorf("%d hits, %+v", n, s.List())
	}
	if _, err := s.Add(Fault{Kind: Error}); err != nil {
		t.Fatal(err)
	}
	if !s.Remove(once.ID) || hits(&s, "get", 3) != 3 {
		t.Errorf("the other rule goes on: %+v", s.List())
	}
	if s.Clear(); hits(&s, "get", 3) != 0 || len(s.List()) != 0 {
		t.Errorf("cleared: %+v", s.List())
	}
}
