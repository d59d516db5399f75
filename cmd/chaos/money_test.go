package chaos

import "testing"

func TestMoneyMovesOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		states []string
		counts string
		faulty bool
	}{
		"none":                         {nil, "", true},
		"paid":                         {[]string{"done"}, "done", false},
		"refused":                      {[]string{"rejected"}, "rejected", false},
		"a duplicate that was ended":   {[]string{"rejected", "done"}, "done", false},
		"refused, with a duplicate":    {[]string{"rejected", "rejected"}, "rejected", false},
		"paid twice":                   {[]string{"done", "done"}, "", true},
		"paid, and still to be paid":   {[]string{"done", "created"}, "", true},
		"accepted, and paid once more": {[]string{"accepted", "done"}, "", true},
	} {
		var list []bankPayment
		for i, state := range c.states {
			list = append(list, bankPayment{ID: int64(i), State: state})
		}
		if got, faulty := moneyAt(list); got.State != c.counts || (faulty != "") != c.faulty {
			t.Errorf("%s: %+v %q", name, got, faulty)
		}
	}
}
