package printer

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// server has one ticket, in two forms.
type server struct {
	offered   []string
	confirmed []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost:
		_ = json.NewEncoder(w).Encode(map[string]any{"jobReady": true, "mediaTypes": s.offered, "jobToken": "7", "deleteMethod": "DELETE"})
	case r.Method == http.MethodDelete:
		s.confirmed = append(s.confirmed, r.URL.Query().Get("token")+" "+r.URL.Query().Get("code"))
	case r.URL.Query().Get("type") == "text/plain":
		_, _ = w.Write([]byte("Café\n"))
	default:
		_, _ = w.Write([]byte("\x1b@\x1b\x1dt\x04\x1bi\x01\x01Caf\x82 3\xd5\x1bi\x00\x00\n\x1bd\x03"))
	}
}

func TestATicketIsPrintedAndConfirmed(t *testing.T) {
	t.Parallel()
	for offered, want := range map[string]string{"application/vnd.star.starprnt": "Café 3€\n✂\n", "text/plain": "Café\n"} {
		s := &server{offered: []string{"application/pdf", offered}}
		srv := httptest.NewServer(s)
		defer srv.Close()
		p := &Printer{URL: srv.URL, MAC: "00:11:62:00:00:01", HTTP: srv.Client()}
		if got, err := p.Turn(t.Context()); err != nil || !got {
			t.Fatal(got, err)
		}
		if len(p.Printed) != 1 || p.Printed[0] != want || len(s.confirmed) != 1 || s.confirmed[0] != "7 200 OK" {
			t.Errorf("printed %q, confirmed %q", p.Printed, s.confirmed)
		}
	}
}

func TestAFormThatItCannotPrintIsSaid(t *testing.T) {
	t.Parallel()
	s := &server{offered: []string{"application/pdf"}}
	srv := httptest.NewServer(s)
	defer srv.Close()
	p := &Printer{URL: srv.URL, HTTP: srv.Client()}
	if got, err := p.Turn(t.Context()); err != nil || got || len(s.confirmed) != 1 || s.confirmed[0] != "7 510 Incompatible media type" {
		t.Errorf("%v %v %q", got, err, s.confirmed)
	}
}
