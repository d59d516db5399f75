package webhook

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// vector is a request of testdata/vectors.json, which the package for Node is tested with too.
type vector struct {
	Name, Secret, Body, Want string
	Now                      int64
	Headers                  [][2]string
}

func (v vector) header() http.Header {
	h := http.Header{}
	for _, pair := range v.Headers {
		h.Add(pair[0], pair[1])
	}
	return h
}

func vectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("../../../services/webhooks/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no vectors")
	}
	return file.Cases
}

func TestVerifyAgreesWithTheVectors(t *testing.T) {
	t.Parallel()
	reasons := map[string]error{"ok": nil, "header": ErrHeader, "timestamp": ErrTimestamp, "signature": ErrSignature, "secret": ErrSecret}
	for _, v := range vectors(t) {
		want, known := reasons[v.Want]
		err := Verify(v.Secret, v.header(), []byte(v.Body), time.Unix(v.Now, 0), 5*time.Minute)
		if !known || !errors.Is(err, want) {
			t.Errorf("%s: %v, want %s", v.Name, err, v.Want)
		}
	}
}

func TestTheGuideShowsTheFirstVector(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../../docs/verifying-webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	v := vectors(t)[0]
	for _, text := range []string{v.Secret, v.Body, v.Headers[2][1], v.Headers[3][1], v.Headers[4][1], v.Headers[5][1]} {
		if !strings.Contains(string(guide), text) {
			t.Errorf("the guide lacks %s", text)
		}
	}
}
