package s3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature Version 4, as in the Amazon S3 API Reference under "Authenticating Requests".
const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	service    = "s3"
	timeForm   = "20060102T150405Z"
	dayForm    = "20060102"
)

// scope is what a signature is valid for: a day, a region and a service.
type scope struct{ day, region, service string }

func (s scope) String() string {
	return strings.Join([]string{s.day, s.region, s.service, terminator}, "/")
}

// signer creates the signatures of one time and scope.
type signer struct {
	key   []byte
	at    time.Time
	scope scope
}

func newSigner(secret string, at time.Time, in scope) signer {
	key := []byte("AWS4" + secret)
	for _, part := range []string{in.day, in.region, in.service, terminator} {
		key = sum(key, part)
	}
	return signer{key: key, at: at, scope: in}
}

// sign signs a request in its canonical form.
func (s signer) sign(canonical string) string {
	return s.over(algorithm, hashOf([]byte(canonical)))
}

// chunk signs a part of a body by its hash. before is the signature of the previous part, first that of the request.
func (s signer) chunk(before, hashed string) string {
	return s.over(algorithm+"-PAYLOAD", before, hashOf(nil), hashed)
}

func (s signer) over(kind string, what ...string) string {
	lines := append([]string{kind, s.at.Format(timeForm), s.scope.String()}, what...)
	return hex.EncodeToString(sum(s.key, strings.Join(lines, "\n")))
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func hashOf(content []byte) string {
	h := sha256.Sum256(content)
	return hex.EncodeToString(h[:])
}

// canonical returns a request in the canonical form that both sides sign. The query must not contain the signature itself.
func canonical(r *http.Request, query url.Values, signed []string, payload string) string {
	lines := []string{r.Method, strings.ReplaceAll(escape(r.URL.Path), "%2F", "/"), canonicalQuery(query)}
	for _, name := range signed {
		lines = append(lines, name+":"+headerOf(r, name))
	}
	lines = append(lines, "", strings.Join(signed, ";"), payload)
	return strings.Join(lines, "\n")
}

// escape leaves letters, digits and -._~ unchanged.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// headerOf returns the value of a header as it is signed. Go removes Host from the headers, and may remove Content-Length.
func headerOf(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, value := range values {
		values[i] = strings.Join(strings.Fields(value), " ")
	}
	return strings.Join(values, ",")
}
