package portalapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// entries adds that many to the log of the merchant.
func (f *fixture) entries(t *testing.T, merchantID string, n int) {
	t.Helper()
	_, err := f.pool.Exec(t.Context(), `insert into audit_log (at, actor, action, target, detail, merchant_id)
		select now(), 'system:test', 'test', 'number ' || n, '{}', $1::uuid from generate_series(1, $2) n`, merchantID, n)
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheWholeLogIsDownloaded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who, other := f.register(t, "owner@example.com"), f.register(t, "other@example.com")
	f.must(t, other, "POST", "/merchant/api-keys", `{"name":"Theirs"}`)
	f.entries(t, f.must(t, who, "GET", "/merchant", "").str("id"), 1200)
	r := f.must(t, who, "GET", "/merchant/audit/export?format=ndjson", "")
	if r.header.Get("Content-Type") != "application/x-ndjson" || r.header.Get("Content-Disposition") != `attachment; filename="audit.ndjson"` {
		t.Errorf("headers %v", r.header)
	}
	lines := strings.Split(strings.TrimSuffix(r.text, "\n"), "\n")
	seen := map[string]bool{}
	for _, line := range lines {
		var e auditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		seen[e.ID] = true
	}
	if len(lines) != 1202 || len(seen) != 1202 || strings.Contains(r.text, "Theirs") {
		t.Errorf("%d lines, %d entries", len(lines), len(seen))
	}
	if !strings.Contains(lines[0], `"audit.exported"`) || !strings.Contains(lines[1201], `"merchant.registered"`) {
		t.Errorf("from %s to %s", lines[0], lines[1201])
	}
	r = f.must(t, who, "GET", "/merchant/audit/export?format=csv", "")
	rows, err := csv.NewReader(strings.NewReader(r.text)).ReadAll()
	if err != nil || len(rows) != 1204 || strings.Join(rows[0], " ") != "id created_at actor actor_email action target outcome detail" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if row := rows[1]; row[3] != "owner@example.com" || row[4] != "audit.exported" || row[6] != "success" || row[7] != `{"format":"csv","ip":"127.0.0.1"}` {
		t.Errorf("the first row is %q", row)
	}
	f.must(t, who, "GET", "/merchant/audit/export?format=csv", "")
	f.refused(t, errs.RateLimitExceeded, who, "GET", "/merchant/audit/export?format=csv", "")
	f.must(t, other, "GET", "/merchant/audit/export?format=csv", "")
	f.clock.Advance(time.Minute)
	for _, query := range []string{"", "?format=", "?format=xlsx"} {
		f.refused(t, errs.ValidationError, who, "GET", "/merchant/audit/export"+query, "")
	}
}

func TestATextInTheLogIsNoFormula(t *testing.T) {
	t.Parallel()
	for attack, want := range map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t'=1", "\r=1": "'\r'=1", " =1": " '=1",
		`"=1`: `"'=1`, "a;=1": "a;'=1", "a\n=1": "a\n'=1", "a\t@x": "a\t'@x", "a|-1": "a|'-1", "a; \"=1": "a; \"'=1", "＝1": "'＝1", "＠x": "'＠x",
	} {
		var b bytes.Buffer
		err := encodeCSV(&b, []account.AuditEntry{{ActorEmail: attack, Target: attack, Detail: map[string]any{"name": ";=1"}}})
		if err != nil {
			t.Fatal(err)
		}
		row, err := csv.NewReader(&b).Read()
		if err != nil {
			t.Fatal(err)
		}
		if unix := strings.ReplaceAll(want, "\r", ""); row[3] != want && row[3] != unix || row[3] != row[5] || row[7] != `{"name":";'=1"}` {
			t.Errorf("%q becomes %q", attack, row)
		}
	}
	for _, plain := range []string{"owner@example.com", "2026-06-17T12:00:00.000Z", "a-b+c=d", "user:0", `{"ip":"127.0.0.1","n":-1}`, ""} {
		if inert(plain) != plain {
			t.Errorf("%q becomes %q", plain, inert(plain))
		}
	}
}

// A file that ends early must not look whole.
func TestADownloadThatFailsIsCut(t *testing.T) {
	t.Parallel()
	e := web.New(quiet, nil)
	e.GET("/file", func(c echo.Context) error {
		d, err := web.NewDownload(c, "text/csv", "a.csv")
		if err != nil {
			return err
		}
		_, err = d.Write([]byte("half"))
		d.Cut(cmp.Or(err, errors.New("the database is gone")))
		return nil
	})
	srv := httptest.NewServer(web.Handler(e))
	defer srv.Close()
	read := func(method string) (string, error) {
		req, err := http.NewRequestWithContext(context.Background(), method, srv.URL+"/file", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return string(text), err
	}
	if text, err := read(http.MethodGet); text != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %q, %v", text, err)
	}
	if text, err := read(http.MethodHead); text != "" || err != nil {
		t.Errorf("HEAD: %q, %v", text, err)
	}
}
