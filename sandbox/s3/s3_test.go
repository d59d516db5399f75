package s3

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	noon = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	ours = key{"our-access-key", "our-secret-key", "eu-west-3"}
)

func settings(dir string) Config {
	return Config{
		Dir: dir, Bucket: "images", Region: ours.region, AccessKey: ours.access, SecretKey: ours.secret, MaxObject: 100,
		Now: func() time.Time { return noon },
	}
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := New(settings(dir))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func request(method, target, body string) *http.Request {
	return httptest.NewRequest(method, "http://127.0.0.1:4012"+target, strings.NewReader(body))
}

// ask returns the status of the answer, and the code of the document in it.
func ask(s *Store, r *http.Request) (status int, code string) {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	var d document
	if w.Header().Get("Content-Type") == "application/xml" && xml.Unmarshal(w.Body.Bytes(), &d) == nil && d.RequestID == w.Header().Get("X-Amz-Request-Id") {
		code = d.Code
	}
	return w.Code, code
}

// read reads an object as anybody may; empty when it cannot be read.
func read(s *Store, path string) string {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, request("GET", path, ""))
	if w.Code != http.StatusOK {
		return ""
	}
	return w.Body.String()
}

// signed is a request that is signed well, with the hash of its body.
func signed(method, target, body string) *http.Request {
	r := request(method, target, body)
	ours.sign(r, noon, hexSHA256(body))
	return r
}

func put(t *testing.T, s *Store, path, body string) {
	t.Helper()
	if status, code := ask(s, signed("PUT", path, body)); status != http.StatusOK {
		t.Fatalf("put %s: %d %s", path, status, code)
	}
}

func TestAnObjectComesBackAsItWentInAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	r := request("PUT", "/images/a%20b/%C3%A9.png", "hello")
	r.Header.Set("Content-Type", "image/png")
	ours.sign(r, noon, hexSHA256("hello"))
	if status, code := ask(s, r); status != http.StatusOK {
		t.Fatalf("put: %d %s", status, code)
	}
	if err := os.WriteFile(filepath.Join(dir, unfinished+"1"), []byte("of a killed process"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, request(method, "/images/a%20b/%C3%A9.png", ""))
		for name, want := range map[string]string{
			"Content-Type": "image/png", "Content-Length": "5", "ETag": `"5d41402abc4b2a76b9719d911017c592"`, "Last-Modified": "Wed, 17 Jun 2026 12:00:00 GMT",
			"Access-Control-Allow-Origin": "*",
		} {
			if w.Code != 200 || w.Header().Get(name) != want {
				t.Errorf("%s: %d, %s is %q", method, w.Code, name, w.Header().Get(name))
			}
		}
		if body := w.Body.String(); body != map[string]string{"GET": "hello"}[method] {
			t.Errorf("%s: %q", method, body)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestAnObjectIsReplacedAndDeleted(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	put(t, s, "/images/x", "one")
	put(t, s, "/images/x", "two, longer")
	if got := read(s, "/images/x"); got != "two, longer" {
		t.Errorf("got %q", got)
	}
	put(t, s, "/images/x", "")
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, request("GET", "/images/x", "")); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("an empty object: %d %s", w.Code, w.Body)
	}
	for range 2 { // again is harmless
		if status, code := ask(s, signed("DELETE", "/images/x", "")); status != http.StatusNoContent {
			t.Errorf("delete: %d %s", status, code)
		}
	}
	if status, code := ask(s, request("GET", "/images/x", "")); status != 404 || code != "NoSuchKey" {
		t.Errorf("%d %s", status, code)
	}
}

func TestAPartIsRead(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	put(t, s, "/images/x", "hello")
	r := request("GET", "/images/x", "")
	r.Header.Set("Range", "bytes=1-3")
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, r); w.Code != http.StatusPartialContent || w.Body.String() != "ell" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestTheBucketIsFound(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	if status, _ := ask(s, signed("HEAD", "/images/", "")); status != http.StatusOK {
		t.Errorf("it is there: %d", status)
	}
	if status, _ := ask(s, signed("HEAD", "/others/", "")); status != http.StatusNotFound {
		t.Errorf("another is not: %d", status)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, signed("GET", "/images/?location=", ""))
	if !strings.Contains(w.Body.String(), `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-3</LocationConstraint>`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWhoeverHasNoKeyOnlyReadsObjects(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	put(t, s, "/images/x", "mine")
	for _, c := range [][2]string{
		{"PUT", "/images/x"},
		{"DELETE", "/images/x"},
		{"POST", "/images/x"},
		{"PATCH", "/images/x"},
		{"GET", "/images"},
		{"GET", "/images/"},
		{"GET", "/images/?list-type=2"},
		{"GET", "/images?location"},
		{"HEAD", "/images"},
		{"GET", "/"},
		{"PUT", "/images"},
		{"DELETE", "/images"},
		{"GET", "/images/x?acl"},
		{"GET", "/images/x?versionId=1"},
		{"PUT", "/images/x?X-Amz-Signature=0"},
	} {
		if status, code := ask(s, request(c[0], c[1], "other")); status != http.StatusForbidden || (code != "AccessDenied" && c[0] != "HEAD") {
			t.Errorf("%s %s: %d %s", c[0], c[1], status, code)
		}
	}
	if got := read(s, "/images/x"); got != "mine" {
		t.Errorf("it is now %q", got)
	}
	if status, code := ask(s, request("GET", "/others/x", "")); status != 404 || code != "NoSuchBucket" {
		t.Errorf("another bucket: %d %s", status, code)
	}
}

func TestWhatIsNotDoneIsSaid(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	put(t, s, "/images/x", "mine")
	for _, c := range [][2]string{
		{"GET", "/"},
		{"GET", "/images/"},
		{"GET", "/images/?list-type=2"},
		{"GET", "/images/?policy="},
		{"PUT", "/images/"},
		{"PUT", "/images/?policy="},
		{"DELETE", "/images/"},
		{"GET", "/images/x?acl="},
		{"PUT", "/images/x?acl="},
		{"PUT", "/images/x?tagging="},
		{"PUT", "/images/x?partNumber=1&uploadId=1"},
		{"POST", "/images/x?uploads="},
		{"GET", "/images/x?versionId=1"},
		{"GET", "/images/x?response-content-type=text%2Fhtml"},
		{"POST", "/images/x"},
		{"DELETE", "/images/x?versionId=1"},
	} {
		if status, code := ask(s, signed(c[0], c[1], "")); status != http.StatusNotImplemented || code != "NotImplemented" {
			t.Errorf("%s %s: %d %s", c[0], c[1], status, code)
		}
	}
	for name, value := range map[string]string{
		"X-Amz-Acl": "private", "X-Amz-Copy-Source": "/images/x", "X-Amz-Server-Side-Encryption": "AES256", "X-Amz-Meta-Colour": "red", "If-None-Match": "*",
		"Content-Encoding": "gzip",
	} {
		r := request("PUT", "/images/x", "")
		r.Header.Set(name, value)
		ours.sign(r, noon, hexSHA256(""))
		if status, code := ask(s, r); status != http.StatusNotImplemented {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	if got := read(s, "/images/x"); got != "mine" {
		t.Errorf("it is now %q", got)
	}
}

func TestBrowsersMayUpload(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for method, want := range map[string]int{"PUT": http.StatusNoContent, "PATCH": http.StatusForbidden, "": http.StatusForbidden} {
		r := request("OPTIONS", "/images/x", "")
		for name, value := range map[string]string{
			"Origin": "http://127.0.0.1:8080", "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type",
		} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		h := w.Header()
		if w.Code != want || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%q: %d %v", method, w.Code, h)
		}
		if allowed := want == http.StatusNoContent; (h.Get("Access-Control-Allow-Methods") == method && h.Get("Access-Control-Allow-Headers") == "content-type") != allowed {
			t.Errorf("%q: %v", method, h)
		}
	}
}

func TestADamagedFileIsAnErrorOfTheStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "/images/x", "hello")
	whole, err := os.ReadFile(s.objects.path("x"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty": "", "short": "abc", "cut": string(whole[:len(whole)-5]), "too long": "\xff\xff\xff\xff", "longer than it is": "\x00\x00\x00\x09",
	} {
		if err := os.WriteFile(s.objects.path("x"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, code := ask(s, request("GET", "/images/x", "")); status != 500 || code != "InternalError" {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
}

func TestSettingsThatAreMissingAreNamed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"folder": func(c *Config) { c.Dir = "" }, "bucket": func(c *Config) { c.Bucket = "" }, "region": func(c *Config) { c.Region = "" },
		"access key": func(c *Config) { c.AccessKey = "" }, "secret key": func(c *Config) { c.SecretKey = "" },
	} {
		cfg := settings(t.TempDir())
		change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
