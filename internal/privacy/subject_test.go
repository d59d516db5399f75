package privacy

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

func TestASubjectNamesAPerson(t *testing.T) {
	t.Parallel()
	const id = "0190a000-0000-7000-8000-000000000001"
	for what, c := range map[string]struct {
		who *privacyv1.Subject
		ok  bool
	}{
		"nobody":                         {&privacyv1.Subject{}, false},
		"nothing":                        {nil, false},
		"a merchant alone":               {&privacyv1.Subject{MerchantId: id}, false},
		"merchants alone":                {&privacyv1.Subject{Merchants: []string{id}}, false},
		"an empty address":               {&privacyv1.Subject{Emails: []string{""}}, false},
		"an empty reference":             {&privacyv1.Subject{References: []string{"PAY-1", ""}}, false},
		"an address in capitals":         {&privacyv1.Subject{Emails: []string{"Jane@example.com"}}, false},
		"no address":                     {&privacyv1.Subject{Emails: []string{"jane"}}, false},
		"no user":                        {&privacyv1.Subject{Customers: []string{"C-1042"}}, false},
		"a user in capitals":             {&privacyv1.Subject{Customers: []string{strings.ToUpper(id[:8]) + "A" + id[9:]}}, false},
		"a number of no merchant":        {&privacyv1.Subject{Numbers: []string{"C-1042"}}, false},
		"a merchant that is none":        {&privacyv1.Subject{References: []string{"PAY-1"}, MerchantId: "%"}, false},
		"a text that PostgreSQL refuses": {&privacyv1.Subject{References: []string{"PAY\x00"}}, false},
		"a text without end":             {&privacyv1.Subject{References: []string{strings.Repeat("x", maxLength+1)}}, false},
		"too many":                       {&privacyv1.Subject{References: make([]string, maxValues+1)}, false},
		"an address":                     {&privacyv1.Subject{Emails: []string{"jane@example.com"}}, true},
		"a number of a merchant":         {&privacyv1.Subject{Numbers: []string{"C-1042"}, MerchantId: id}, true},
		"a user":                         {&privacyv1.Subject{Customers: []string{id}, Merchants: []string{id}}, true},
	} {
		err := check(c.who)
		if c.ok != (err == nil) || err != nil && !errs.Is(err, errs.ValidationError) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
