package operator

import (
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestAnErasureIsLoggedWithoutThePerson(t *testing.T) {
	t.Parallel()
	w := roomtest.New(t)
	s := NewServer(nil, audit.NewLog(w.Pool, w.Clock.Now))
	hash := strings.Repeat("0f", 32)
	for _, bad := range []*gatewayv1.NoteErasureRequest{
		{SelectorSha256: "jane@example.com", By: "Ann"}, {SelectorSha256: hash}, {SelectorSha256: hash, By: "Ann", MerchantId: "%"},
	} {
		if _, err := s.NoteErasure(t.Context(), bad); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	for _, done := range []bool{false, true} {
		r := &gatewayv1.NoteErasureRequest{SelectorSha256: hash, By: "Ann", Done: done, Rows: map[string]int64{"payments.payments": 3}}
		if _, err := s.NoteErasure(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`operator privacy.erasure_begun ` + hash + ` {"by": "Ann", "rows": {"payments.payments": 3}}`,
		`operator privacy.erased ` + hash + ` {"by": "Ann", "rows": {"payments.payments": 3}}`,
	}
	if got := w.Strings(t, `select actor || ' ' || action || ' ' || target || ' ' || detail from audit_log order by id`); !slices.Equal(got, want) {
		t.Errorf("the log has %q", got)
	}
}
