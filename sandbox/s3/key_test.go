package s3

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNoKeyLeadsAnywhereElse(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "objects")
	s := open(t, dir)
	if err := os.WriteFile(filepath.Join(parent, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := []string{"../secret", "%2e%2e/secret", "..%2Fsecret", "a/../../secret", "/etc/passwd", "./x", "a//b", `..\secret`, "upload-1", strings.Repeat("k", 1024)}
	for _, key := range keys {
		r := request("GET", "/", "")
		r.URL = parse(t, "http://127.0.0.1:4012/images/"+key)
		if status, code := ask(s, r); status != 404 || code != "NoSuchKey" {
			t.Errorf("%q reads %d %s", key, status, code)
		}
	}
	for key, code := range map[string]string{"a%00b": "InvalidURI", "a%0Ab": "InvalidURI", "a%FFb": "InvalidURI", strings.Repeat("k", 1025): "KeyTooLongError"} {
		if status, got := ask(s, request("GET", "/images/"+key, "")); status != 400 || got != code {
			t.Errorf("%.10q reads %d %s", key, status, got)
		}
	}
	// A key is a name and no path: what is written under it is read under it and nowhere else.
	for _, path := range []string{"/images/a/../b", "/images/%2Fetc%2Fpasswd"} {
		r := request("PUT", "/", "here")
		r.URL = parse(t, "http://127.0.0.1:4012"+path)
		r.URL.RawPath = ""
		ours.sign(r, noon, hexSHA256("here"))
		if status, code := ask(s, r); status != 200 {
			t.Errorf("%s: %d %s", path, status, code)
		}
	}
	if got := read(s, "/images/b"); got != "" {
		t.Errorf("a/../b is b: %q", got)
	}
	files, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil || !slices.Equal(files, []string{dir, filepath.Join(parent, "secret")}) {
		t.Errorf("beside the folder: %v, %v", files, err)
	}
}
