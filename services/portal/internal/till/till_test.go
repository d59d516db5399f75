package till_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/till"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const closing = `{"id":"z1","livemode":false,"period":"day","number":7,"day":"2026-06-17","by_hand":true,"first_sequence":1,"last_sequence":9,"sequence":10,
	"closed_at":"2026-06-17T22:00:00Z","hash":"ab","orders":3,"gross":33,"net":30,"vat_amount":3,"taxes":[],"discount":0,"cancellations":0,"cancelled":0,"refunds":0,
	"refunded":0,"received_taxes":[],"methods":[{"method":"cash","payments":3,"received":33,"refunds":0,"refunded":0,"tips":0}],"tips":0,
	"grand_totals":{"total":330,"cancelled":0,"received":330,"refunded":0}}`

func room(t *testing.T, role eupay.Role) *webtest.Room {
	t.Helper()
	r := webtest.NewRoom(t, role, till.Register)
	r.Answer("GET /till/settings", http.StatusOK, `{"day_starts_at":"06:00","in_force":"04:00","day_ends_at":"2026-06-18T02:00:00Z"}`)
	r.Answer("GET /till/closings", http.StatusOK, `{"data":[`+closing+`],"pagination":{"page":1,"limit":20,"total":1,"pages":1}}`)
	return r
}

func TestClosingsAreListedAndADayIsClosed(t *testing.T) {
	t.Parallel()
	r := room(t, eupay.RoleStaff)
	r.Answer("POST /till/closings", http.StatusCreated, closing)
	status, text := r.Get("/portal/till")
	for _, want := range []string{"Z7", "33", "330", `href="/portal/till/z1/closing.pdf"`, `action="/portal/till"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if status != http.StatusOK || strings.Contains(text, "/portal/till/journal") {
		t.Errorf("status %d, or staff may fetch the journal", status)
	}
	if _, _, to := r.Post("/portal/till"); !strings.HasSuffix(to, "notice=till_closed") {
		t.Errorf("then %s", to)
	}
}

func TestAnAccountantFetchesTheJournal(t *testing.T) {
	t.Parallel()
	r := room(t, eupay.RoleAccountant)
	r.Answer("GET /till/journal", http.StatusOK, `{"sequence":1}`)
	_, text := r.Get("/portal/till")
	if !strings.Contains(text, `action="/portal/till/journal"`) || strings.Contains(text, `method="post" action="/portal/till"`) {
		t.Error("an accountant closes the day, or has no journal")
	}
	if status, text := r.Get("/portal/till/journal?from=2026-06-01&to=2026-06-30"); status != http.StatusOK || text != `{"sequence":1}` {
		t.Errorf("the journal: %d %s", status, text)
	}
}

func TestTheOwnerSetsWhenDaysStart(t *testing.T) {
	t.Parallel()
	r := room(t, eupay.RoleMerchant)
	r.Answer("PUT /till/settings", http.StatusOK, `{"day_starts_at":"00:15","in_force":"04:00","day_ends_at":"2026-06-18T02:00:00Z"}`)
	_, text := r.Get("/portal/till")
	for _, want := range []string{`action="/portal/till/settings"`, `<option value="06:00" selected>`, `<option value="12:00">`, "04:00"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if _, _, to := r.Post("/portal/till/settings", "day_starts_at", "00:15"); !strings.HasSuffix(to, "notice=till_saved") {
		t.Errorf("then %s", to)
	}
	r.Answer("PUT /till/settings", http.StatusBadRequest, `{"success":false,"code":"VALIDATION_ERROR","message":"No.","errors":[{"field":"day_starts_at","message":"No."}]}`)
	if status, text, _ := r.Post("/portal/till/settings", "day_starts_at", "00:16"); status != http.StatusUnprocessableEntity || !strings.Contains(text, "quarter") && !strings.Contains(text, "wrong") {
		t.Errorf("a refusal: %d", status)
	}
	if _, text := room(t, eupay.RoleStaff).Get("/portal/till"); strings.Contains(text, "/portal/till/settings") {
		t.Error("staff sets when days start")
	}
}
