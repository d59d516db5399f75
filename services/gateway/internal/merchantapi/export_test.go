package merchantapi_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/shape"
)

// entries adds that many entries to the merchant's log.
func (f *fixture) entries(t *testing.T, merchantID string, n int) {
	t.Helper()
	_, err := f.Pool.Exec(t.Context(), `insert into audit_log (at, actor, action, target, detail, merchant_id)
		select now(), 'system:test', 'test', 'number ' || n, '{}', $1::uuid from generate_series(1, $2) n`, merchantID, n)
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheWholeLogIsDownloaded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who, other := f.Register(t, "owner@example.com"), f.Register(t, "other@example.com")
	f.Must(t, other, "POST", "/merchant/api-keys", `{"name":"Theirs"}`)
	f.entries(t, f.Must(t, who, "GET", "/merchant", "").Str("id"), 1200)
	r := f.Must(t, who, "GET", "/merchant/audit/export?format=ndjson", "")
	if r.Header.Get("Content-Type") != "application/x-ndjson" || r.Header.Get("Content-Disposition") != `attachment; filename="audit.ndjson"` {
		t.Errorf("headers %v", r.Header)
	}
	lines := strings.Split(strings.TrimSuffix(r.Text, "\n"), "\n")
	seen := map[string]bool{}
	for _, line := range lines {
		var e shape.AuditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		seen[e.ID] = true
	}
	if len(lines) != 1202 || len(seen) != 1202 || strings.Contains(r.Text, "Theirs") {
		t.Errorf("%d lines, %d entries", len(lines), len(seen))
	}
	if !strings.Contains(lines[0], `"audit.exported"`) || !strings.Contains(lines[1201], `"merchant.registered"`) {
		t.Errorf("from %s to %s", lines[0], lines[1201])
	}
	r = f.Must(t, who, "GET", "/merchant/audit/export?format=csv", "")
	rows, err := csv.NewReader(strings.NewReader(r.Text)).ReadAll()
	if err != nil || len(rows) != 1204 || strings.Join(rows[0], " ") != "id created_at actor actor_email action target outcome detail" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if row := rows[1]; row[3] != "owner@example.com" || row[4] != "audit.exported" || row[6] != "success" || row[7] != `{"format":"csv","ip":"127.0.0.1"}` {
		t.Errorf("the first row is %q", row)
	}
	f.Must(t, who, "GET", "/merchant/audit/export?format=csv", "")
	f.Refused(t, errs.RateLimitExceeded, who, "GET", "/merchant/audit/export?format=csv", "")
	f.Must(t, other, "GET", "/merchant/audit/export?format=csv", "")
	f.Clock.Advance(time.Minute)
	for _, query := range []string{"", "?format=", "?format=xlsx"} {
		f.Refused(t, errs.ValidationError, who, "GET", "/merchant/audit/export"+query, "")
	}
}
