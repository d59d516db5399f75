package s3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// key signs requests as the documentation says. It shares nothing with the store.
type key struct{ access, secret, region string }

func mac(k []byte, text string) []byte {
	m := hmac.New(sha256.New, k)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func hexSHA256(text string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}

func (k key) scope(at time.Time) string {
	return at.Format("20060102") + "/" + k.region + "/s3/aws4_request"
}

func (k key) over(at time.Time, kind string, rest ...string) string {
	derived := mac(mac(mac(mac([]byte("AWS4"+k.secret), at.Format("20060102")), k.region), "s3"), "aws4_request")
	return hex.EncodeToString(mac(derived, kind+"\n"+at.Format("20060102T150405Z")+"\n"+k.scope(at)+"\n"+strings.Join(rest, "\n")))
}

// path must be escaped as the documentation says.
func (k key) signature(r *http.Request, at time.Time, path, query, payload string, names []string) string {
	text := r.Method + "\n" + path + "\n" + query + "\n"
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		text += name + ":" + value + "\n"
	}
	return k.over(at, "AWS4-HMAC-SHA256", hexSHA256(text+"\n"+strings.Join(names, ";")+"\n"+payload))
}

// sign signs a request in its header: all headers that it has, and its host.
func (k key) sign(r *http.Request, at time.Time, payload string) string {
	r.Header.Set("X-Amz-Date", at.Format("20060102T150405Z"))
	if payload != "" {
		r.Header.Set("X-Amz-Content-Sha256", payload)
	}
	names := []string{"host"}
	for name := range r.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	signature := k.signature(r, at, r.URL.EscapedPath(), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"), payload, names)
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", k.access, k.scope(at), strings.Join(names, ";"), signature))
	return signature
}

// presign signs a request in its query: its content type, when it has one, and its host.
func (k key) presign(r *http.Request, at time.Time, expires string) {
	names := []string{"host"}
	if r.Header.Get("Content-Type") != "" {
		names = []string{"content-type", "host"}
	}
	q := r.URL.Query()
	for name, value := range map[string]string{
		"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": k.access + "/" + k.scope(at), "X-Amz-Date": at.Format("20060102T150405Z"),
		"X-Amz-Expires": expires, "X-Amz-SignedHeaders": strings.Join(names, ";"),
	} {
		q.Set(name, value)
	}
	r.URL.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	r.URL.RawQuery += "&X-Amz-Signature=" + k.signature(r, at, r.URL.EscapedPath(), r.URL.RawQuery, "UNSIGNED-PAYLOAD", names)
}

// inChunks is the body of a chunked upload that was signed with seed.
func (k key) inChunks(at time.Time, seed string, chunks ...string) string {
	var body strings.Builder
	for _, chunk := range append(slices.Clone(chunks), "") {
		seed = k.over(at, "AWS4-HMAC-SHA256-PAYLOAD", seed, hexSHA256(""), hexSHA256(chunk))
		fmt.Fprintf(&body, "%x;chunk-signature=%s\r\n%s\r\n", len(chunk), seed, chunk)
	}
	return body.String()
}

// The examples of the Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)", all have this key and moment.
var (
	example    = key{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"}
	exampleDay = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
)

func exampleStore(t *testing.T, now time.Time) *Store {
	t.Helper()
	s, err := New(Config{
		Dir: t.TempDir(), Bucket: "examplebucket", Region: example.region, AccessKey: example.access, SecretKey: example.secret,
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestThePublishedExamplesAreSigned(t *testing.T) {
	t.Parallel()
	s := exampleStore(t, exampleDay)
	for _, c := range []struct {
		name, method, target, payload, signature string
		headers                                  map[string]string
	}{
		{
			"get an object", "GET", "/test.txt", hexSHA256(""), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
			map[string]string{"Range": "bytes=0-9"},
		},
		{
			"put an object", "PUT", "/test%24file.text", hexSHA256("Welcome to Amazon S3."), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
			map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY"},
		},
		{"a sub-resource", "GET", "/?lifecycle", hexSHA256(""), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", nil},
		{"list a bucket", "GET", "/?max-keys=2&prefix=J", hexSHA256(""), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", nil},
	} {
		r := httptest.NewRequest(c.method, "http://examplebucket.s3.amazonaws.com"+c.target, nil)
		for name, value := range c.headers {
			r.Header.Set(name, value)
		}
		if got := example.sign(r, exampleDay, c.payload); got != c.signature {
			t.Errorf("%s: the test signs %s", c.name, got)
		}
		if who, err := s.authenticate(r, r.URL.Query()); err != nil || who.signature != c.signature {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestThePublishedPresignedURLIsGoodForADay(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "http://examplebucket.s3.amazonaws.com/test.txt", nil)
	example.presign(r, exampleDay, "86400")
	if got := r.URL.Query().Get("X-Amz-Signature"); got != "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404" {
		t.Errorf("the test signs %s", got)
	}
	for age, want := range map[time.Duration]error{
		0: nil, 24 * time.Hour: nil, 24*time.Hour + time.Second: errExpired, -15 * time.Minute: nil, -16 * time.Minute: errTooEarly,
	} {
		s := exampleStore(t, exampleDay.Add(age))
		if _, err := s.authenticate(r, r.URL.Query()); !errors.Is(err, want) {
			t.Errorf("after %s: %v", age, err)
		}
	}
}

func TestThePublishedUploadInChunksIsStored(t *testing.T) {
	t.Parallel()
	s := exampleStore(t, exampleDay)
	a := strings.Repeat("a", 66560)
	r := httptest.NewRequest("PUT", "http://s3.amazonaws.com/examplebucket/chunkObject.txt", nil)
	for name, value := range map[string]string{
		"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "66560", "Content-Length": "66824", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
	} {
		r.Header.Set(name, value)
	}
	seed := example.sign(r, exampleDay, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
	body := example.inChunks(exampleDay, seed, a[:65536], a[65536:])
	for _, want := range []string{
		"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
		"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
	} {
		if !strings.Contains(seed+body, want) {
			t.Errorf("the test does not sign %s", want)
		}
	}
	r = withBody(r, body)
	if status, code := ask(s, r); status != 200 {
		t.Fatalf("%d %s", status, code)
	}
	if got := read(s, "/examplebucket/chunkObject.txt"); got != a {
		t.Errorf("%d bytes are stored", len(got))
	}
}

func withBody(r *http.Request, body string) *http.Request {
	full := httptest.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), strings.NewReader(body))
	full.Header = r.Header
	return full
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
