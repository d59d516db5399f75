package seqino

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

const (
	made      = `{"id":"draft_1","external_ref":"0195f0c2-ref","status":"draft","errors":[]}`
	deposited = `{"draft_id":"draft_1","invoice_id":"inv_1","invoice_number":"INV-2026-AB12CD-000001","status":"DEPOSITED"}`
	validated = `{"id":"draft_1","external_ref":"0195f0c2-ref","status":"validated","invoice_id":"inv_1","invoice_number":"INV-2026-AB12CD-000001"}`
	// base64 of the PDF
	validation = `{"format":"factur-x","file":"JVBERi0xLjcgaW52b2ljZQ=="}`
	conflict   = `{"error":"exists","code":409,"trace_id":"t1"}`
)

var full = platform.Receipt{DraftID: "draft_1", InvoiceID: "inv_1"}

func post(t *testing.T, answer http.HandlerFunc) exchange {
	t.Helper()
	return exchange{want: "POST /drafts", body: golden(t, "invoice_b2b.json"), answer: answer}
}

func put(t *testing.T, draft string, answer http.HandlerFunc) exchange {
	t.Helper()
	return exchange{want: "PUT /drafts/" + draft, body: golden(t, "invoice_b2b.json"), answer: answer}
}

func validate(answer http.HandlerFunc) exchange {
	return exchange{want: "POST /drafts/draft_1/validate", body: validation, answer: answer}
}

func read(answer http.HandlerFunc) exchange {
	return exchange{want: "GET /drafts/draft_1", answer: answer}
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	existing := answering(409, `{"error":"exists","code":409,"trace_id":"t1","existing_id":"draft_1"}`)
	gone := answering(404, `{"error":"no such draft","code":404,"trace_id":"t1"}`)
	lookup := func(answer http.HandlerFunc) exchange {
		return exchange{want: "GET /drafts?external_ref=0195f0c2-ref", answer: answer}
	}
	for name, tt := range map[string]struct {
		draft string
		talk  []exchange
	}{
		"for the first time": {"", []exchange{post(t, answering(201, made)), validate(answering(200, deposited))}},
		"the draft's answer was lost": {"", []exchange{
			post(t, existing), put(t, "draft_1", answering(200, made)), validate(answering(200, deposited)),
		}},
		"the draft's answer was lost, and the conflict does not name it": {"", []exchange{
			post(t, answering(409, conflict)), lookup(answering(200, `{"items":[{"id":"draft_9","external_ref":"other"},`+made+`]}`)),
			put(t, "draft_1", answering(200, made)), validate(answering(200, deposited)),
		}},
		"the look-up answers with the draft itself": {"", []exchange{
			post(t, answering(409, conflict)), lookup(answering(200, made)),
			put(t, "draft_1", answering(200, made)), validate(answering(200, deposited)),
		}},
		"everything was forgotten after the validation": {"", []exchange{
			post(t, existing), put(t, "draft_1", answering(409, conflict)), read(answering(200, validated)),
		}},
		"the validation's answer was lost": {"draft_1", []exchange{put(t, "draft_1", answering(409, conflict)), read(answering(200, validated))}},
		"the draft is old":                 {"draft_1", []exchange{put(t, "draft_1", answering(200, made)), validate(answering(200, deposited))}},
		"the draft is gone": {"draft_0", []exchange{
			put(t, "draft_0", gone), post(t, answering(201, made)), validate(answering(200, deposited)),
		}},
		"another validates it at the same moment": {"", []exchange{
			post(t, answering(201, made)), validate(answering(409, conflict)), read(answering(200, validated)),
		}},
		"the draft's id is none": {"../clients", []exchange{post(t, answering(201, made)), validate(answering(200, deposited))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := submission1()
			s.DraftID = tt.draft
			if got, err := talk(t, tt.talk...).Submit(t.Context(), client1, s); err != nil || got != full {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestSubmitKeepsWhatIsKnownWhenItFails(t *testing.T) {
	t.Parallel()
	draft := platform.Receipt{DraftID: "draft_1"}
	for name, tt := range map[string]struct {
		draft string
		talk  []exchange
		want  platform.Receipt
		class Class
	}{
		"no answer to the draft":      {"", []exchange{post(t, hangUp)}, platform.Receipt{}, Unreachable},
		"half an answer to the draft": {"", []exchange{post(t, cut)}, platform.Receipt{}, Unreachable},
		"no answer to the validation": {"", []exchange{post(t, answering(201, made)), validate(hangUp)}, draft, Unreachable},
		"trouble with an old draft":   {"draft_1", []exchange{put(t, "draft_1", answering(503, ``))}, draft, Unavailable},
		"no mandate":                  {"", []exchange{post(t, answering(201, made)), validate(answering(403, `{"error":"no mandate","code":403}`))}, draft, NoMandate},
		"a draft without an id":       {"", []exchange{post(t, answering(201, `{"status":"draft"}`))}, platform.Receipt{}, Unexpected},
		"an invoice without an id":    {"", []exchange{post(t, answering(201, made)), validate(answering(200, `{"invoice_id":"../x"}`))}, draft, Unexpected},
		"a conflict that nobody can explain": {"", []exchange{
			post(t, answering(201, made)), validate(answering(409, conflict)), read(answering(200, made)),
		}, draft, Conflict},
		"another document's draft": {"draft_1", []exchange{
			put(t, "draft_1", answering(409, conflict)), read(answering(200, strings.Replace(validated, "0195f0c2-ref", "another", 1))),
		}, draft, Unexpected},
		"a draft that is always gone": {"draft_1", []exchange{
			put(t, "draft_1", answering(404, ``)), post(t, answering(409, `{"existing_id":"draft_1"}`)), put(t, "draft_1", answering(404, ``)),
		}, platform.Receipt{}, NotFound},
		"a conflict about nothing": {"", []exchange{
			post(t, answering(409, conflict)), {want: "GET /drafts?external_ref=0195f0c2-ref", answer: answering(200, `{"items":[]}`)},
		}, platform.Receipt{}, Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := submission1()
			s.DraftID = tt.draft
			got, err := talk(t, tt.talk...).Submit(t.Context(), client1, s)
			var e *Error
			if !errors.As(err, &e) || e.Class != tt.class || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
			if errors.Is(err, platform.ErrNoMandate) != (tt.class == NoMandate) {
				t.Errorf("no mandate? %v", err)
			}
		})
	}
}

func TestARefusalIsDescribedForTheMerchant(t *testing.T) {
	t.Parallel()
	refusal := `{"error":"validation failed","code":422,"trace_id":"t1","details":[
		{"rule":"BR-CO-10","field":"totals.line_net","message":"Sum of lines\n is wrong"},
		{"rule":"<b>","message":"key sk-key-of-the-sponsor, FR7630006000011234567890189, FR76 3000 6000 0112 3456 7890 189, FR44732829320, zoe@example.org"},
		{"rule":"X","field":"lines[0].vat_rate"},{"rule":"Y","field":"/var/lib/x.py line 7"}]}`
	c := talk(t, post(t, answering(201, made)), validate(answering(422, refusal)))
	got, err := c.Submit(t.Context(), client1, submission1())
	var no *platform.Refused
	if !errors.As(err, &no) || got.DraftID != "draft_1" || got.InvoiceID != "" {
		t.Fatalf("got %+v, %v", got, err)
	}
	want := []string{"BR-CO-10: Sum of lines  is wrong (totals.line_net)", "key [hidden], [account], [account], FR44732829320, [e-mail]", "X: (lines[0].vat_rate)"}
	if no.Code != "BR-CO-10" || strings.Join(no.Problems, "|") != strings.Join(want, "|") {
		t.Errorf("got %+v", no)
	}
	if !strings.Contains(err.Error(), "trace t1") {
		t.Errorf("nobody can ask the platform about %v", err)
	}
}

func TestARefusalIsBounded(t *testing.T) {
	t.Parallel()
	detail := `{"rule":"R","message":"` + strings.Repeat("mot é ", 200) + `"}`
	c := talk(t, post(t, answering(201, made)), validate(answering(422, `{"details":[`+strings.Repeat(detail+",", 499)+detail+`]}`)))
	_, err := c.Submit(t.Context(), client1, submission1())
	var no *platform.Refused
	if !errors.As(err, &no) || len(no.Problems) != maxProblems+1 || no.Problems[maxProblems] != "480 more." {
		t.Fatalf("got %v", err)
	}
	if len(no.Problems[0]) > maxDescription+10 {
		t.Errorf("a problem has %d bytes", len(no.Problems[0]))
	}
}

func TestARefusalWithoutReasons(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":"The buyer is unknown."}`: "The buyer is unknown.", ``: "The platform gave no reason.",
		`<html>Traceback</html>`: "The platform gave no reason.", `{"details":[{"field":"a b"}]}`: "The platform gave no reason.",
	} {
		_, err := talk(t, post(t, answering(422, body))).Submit(t.Context(), client1, submission1())
		var no *platform.Refused
		if !errors.As(err, &no) || len(no.Problems) != 1 || no.Problems[0] != want {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestACorrectedDocumentReplacesTheRefusedDraft(t *testing.T) {
	t.Parallel()
	corrected := submission1()
	corrected.DraftID = "draft_1"
	corrected.Document.BuyerReference = "corrected"
	body := strings.Replace(golden(t, "invoice_b2b.json"), "PO <4711> & co", "corrected", 1)
	c := talk(t, exchange{want: "PUT /drafts/draft_1", body: body, answer: answering(200, made)}, validate(answering(200, deposited)))
	if got, err := c.Submit(t.Context(), client1, corrected); err != nil || got != full {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestADifferentNumberIsLogged(t *testing.T) {
	t.Parallel()
	log, text := logged()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/drafts" {
			answering(201, made)(w, r)
			return
		}
		answering(200, `{"invoice_id":"inv_1","invoice_number":"OTHER-1"}`)(w, r)
	}, func(cfg *Config) { cfg.Log = log })
	if got, err := c.Submit(t.Context(), client1, submission1()); err != nil || got != full {
		t.Errorf("the document is there: %+v, %v", got, err)
	}
	if !strings.Contains(text(), "level=ERROR") || !strings.Contains(text(), "OTHER-1") {
		t.Errorf("logged %s", text())
	}
}

// ledger is a platform that keeps drafts, and loses the answer to each call once, after its effect.
type ledger struct {
	mu       sync.Mutex
	drafts   map[string]*wireDraft // by id
	invoices int
	lost     map[string]bool
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	status, answer := l.effect(r)
	call := r.Method + " " + r.URL.Path
	if !l.lost[call] {
		l.lost[call] = true
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

func (l *ledger) effect(r *http.Request) (int, any) {
	id, validation := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/api/drafts/"), "/validate")
	d := l.drafts[id]
	switch {
	case r.URL.Path == "/api/drafts":
		var asked wireDocument
		json.NewDecoder(r.Body).Decode(&asked)
		for _, d := range l.drafts {
			if d.Ref == asked.Ref {
				return 409, wireError{ExistingID: d.ID}
			}
		}
		d = &wireDraft{ID: fmt.Sprintf("draft_%d", len(l.drafts)+1), Ref: asked.Ref, InvoiceNumber: asked.Number}
		l.drafts[d.ID] = d
		return 201, d
	case d == nil:
		return 404, wireError{}
	case r.Method == http.MethodGet:
		return 200, d
	case d.InvoiceID != "":
		return 409, wireError{}
	case validation:
		l.invoices++
		d.Status, d.InvoiceID = draftValidated, fmt.Sprintf("inv_%d", l.invoices)
	}
	return 200, d
}

func TestLostAnswersNeverSendADocumentTwice(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]bool{"the receipt is kept": false, "the process dies each time": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &ledger{drafts: map[string]*wireDraft{}, lost: map[string]bool{}}
			c := serve(t, l.ServeHTTP)
			s := submission1()
			var (
				r   platform.Receipt
				err error
			)
			for range 10 {
				if r, err = c.Submit(t.Context(), client1, s); err == nil {
					break
				}
				var e *Error
				if !errors.As(err, &e) || e.Class != Unreachable {
					t.Fatalf("got %v", err)
				}
				if s.DraftID = r.DraftID; forget {
					s.DraftID = ""
				}
			}
			if err != nil || r != full || l.invoices != 1 || len(l.drafts) != 1 {
				t.Errorf("got %+v, %v; %d invoices, %d drafts", r, err, l.invoices, len(l.drafts))
			}
		})
	}
}
