package s3

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// refuses changes an upload to images/x, which is taken as it is, in one way after the other. What is refused leaves nothing behind.
func refuses(t *testing.T, upload func() *http.Request, cases map[string]change) {
	t.Helper()
	for name, c := range cases {
		dir := t.TempDir()
		s := open(t, dir)
		r := upload()
		if status, code := ask(s, r); status != http.StatusOK {
			t.Fatalf("unchanged: %d %s", status, code)
		}
		if status, code := ask(s, signed("DELETE", "/images/x", "")); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, code)
		}
		r = upload()
		c.make(r)
		if status, code := ask(s, r); code != c.code || status != c.status {
			t.Errorf("%s: %d %s", name, status, code)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
			t.Errorf("%s left %v, %v", name, files, err)
		}
	}
}

type change struct {
	status int
	code   string
	make   func(r *http.Request)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func inHeader(name, old, new string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, strings.Replace(r.Header.Get(name), old, new, 1)) }
}

func resigned(k key, at time.Time) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del("Authorization")
		k.sign(r, at, r.Header.Get("X-Amz-Content-Sha256"))
	}
}

func body(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

func TestAHeaderThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	tampered := map[string]change{
		"another method":           {403, "SignatureDoesNotMatch", func(r *http.Request) { r.Method = "DELETE" }},
		"another key":              {403, "SignatureDoesNotMatch", func(r *http.Request) { r.URL.Path = "/images/y" }},
		"another host":             {403, "SignatureDoesNotMatch", func(r *http.Request) { r.Host = "elsewhere" }},
		"a query":                  {403, "SignatureDoesNotMatch", func(r *http.Request) { r.URL.RawQuery = "acl" }},
		"a signature in the query": {403, "SignatureDoesNotMatch", func(r *http.Request) { r.URL.RawQuery = "X-Amz-Signature=1" }},
		"another type":             {403, "SignatureDoesNotMatch", header("Content-Type", "text/html")},
		"no type":                  {403, "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Del("Content-Type") }},
		"a second type":            {403, "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Add("Content-Type", "text/html") }},
		"another hash":             {403, "SignatureDoesNotMatch", header("X-Amz-Content-Sha256", hexSHA256("other"))},
		"no hash wanted":           {403, "SignatureDoesNotMatch", header("X-Amz-Content-Sha256", unsigned)},
		"a minute later":           {403, "SignatureDoesNotMatch", header("X-Amz-Date", "20260617T120100Z")},
		"no signature":             {403, "SignatureDoesNotMatch", func(r *http.Request) { cutAt(r, "Signature=") }},
		"half of it":               {403, "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")[:150]) }},
		"fewer headers":            {403, "SignatureDoesNotMatch", inHeader("Authorization", "content-type;", "")},
		"another secret":           {403, "SignatureDoesNotMatch", resigned(key{ours.access, "guessed", ours.region}, noon)},
		"another access":           {403, "InvalidAccessKeyId", resigned(key{"another", ours.secret, ours.region}, noon)},
		"another region":           {400, "AuthorizationHeaderMalformed", resigned(key{ours.access, ours.secret, "us-east-1"}, noon)},
		"another service":          {400, "AuthorizationHeaderMalformed", inHeader("Authorization", "/s3/", "/ec2/")},
		"another day":              {400, "AuthorizationHeaderMalformed", inHeader("Authorization", "/20260617/", "/20260618/")},
		"no credential":            {400, "AuthorizationHeaderMalformed", inHeader("Authorization", "Credential=", "Credits=")},
		"no host":                  {400, "AuthorizationHeaderMalformed", inHeader("Authorization", "host;", "")},
		"not in order":             {400, "AuthorizationHeaderMalformed", inHeader("Authorization", "content-type;host;", "host;content-type;")},
		"too old":                  {403, "RequestTimeTooSkewed", resigned(ours, noon.Add(-15*time.Minute-time.Second))},
		"too new":                  {403, "RequestTimeTooSkewed", resigned(ours, noon.Add(15*time.Minute+time.Second))},
		"no date":                  {403, "AccessDenied", func(r *http.Request) { r.Header.Del("X-Amz-Date") }},
		"a wish unsigned":          {403, "AccessDenied", header("X-Amz-Acl", "public-read-write")},
		"no hash":                  {400, "InvalidRequest", func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }},
		"another way":              {400, "InvalidRequest", header("Authorization", "AWS access:signature")},
		"a password":               {400, "InvalidRequest", func(r *http.Request) { r.SetBasicAuth(ours.access, ours.secret) }},
		"a token":                  {400, "InvalidToken", header("X-Amz-Security-Token", "t")},
		"two signatures":           {400, "InvalidArgument", func(r *http.Request) { ours.presign(r, noon, "60") }},
		"a bad query":              {400, "InvalidURI", func(r *http.Request) { r.URL.RawQuery = "a=%zz" }},
	}
	refuses(t, func() *http.Request {
		r := request("PUT", "/images/x", "hello")
		r.Header.Set("Content-Type", "image/png")
		ours.sign(r, noon, hexSHA256("hello"))
		return r
	}, tampered)
}

func cutAt(r *http.Request, word string) {
	before, _, _ := strings.Cut(r.Header.Get("Authorization"), word)
	r.Header.Set("Authorization", before)
}

func inQuery(old, new string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, new, 1) }
}

func presignedAgain(k key, at time.Time, expires string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = ""; k.presign(r, at, expires) }
}

func TestAPresignedURLThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	refuses(t, func() *http.Request {
		r := request("PUT", "/images/x", "hello")
		r.Header.Set("Content-Type", "image/png")
		ours.presign(r, noon.Add(-4*time.Minute), "300")
		return r
	}, map[string]change{
		"another method": {403, "SignatureDoesNotMatch", func(r *http.Request) { r.Method = "DELETE" }},
		"another key":    {403, "SignatureDoesNotMatch", func(r *http.Request) { r.URL.Path = "/images/y" }},
		"another type":   {403, "SignatureDoesNotMatch", header("Content-Type", "image/svg+xml")},
		"no type":        {403, "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Del("Content-Type") }},
		"longer":         {403, "SignatureDoesNotMatch", inQuery("X-Amz-Expires=300", "X-Amz-Expires=301")},
		"another wish":   {403, "SignatureDoesNotMatch", func(r *http.Request) { r.URL.RawQuery += "&acl=" }},
		"no signature": {403, "SignatureDoesNotMatch", func(r *http.Request) {
			b, _, _ := strings.Cut(r.URL.RawQuery, "Signature=")
			r.URL.RawQuery = b + "Signature="
		}},
		"another secret":  {403, "SignatureDoesNotMatch", presignedAgain(key{ours.access, "guessed", ours.region}, noon, "300")},
		"another access":  {403, "InvalidAccessKeyId", presignedAgain(key{"another", ours.secret, ours.region}, noon, "300")},
		"another region":  {400, "AuthorizationQueryParametersError", presignedAgain(key{ours.access, ours.secret, "us-east-1"}, noon, "300")},
		"expired":         {403, "AccessDenied", presignedAgain(ours, noon.Add(-301*time.Second), "300")},
		"not yet":         {403, "AccessDenied", presignedAgain(ours, noon.Add(16*time.Minute), "300")},
		"for ever":        {400, "AuthorizationQueryParametersError", presignedAgain(ours, noon, "604801")},
		"for no time":     {400, "AuthorizationQueryParametersError", presignedAgain(ours, noon, "0")},
		"for less":        {400, "AuthorizationQueryParametersError", presignedAgain(ours, noon, "-1")},
		"for some time":   {400, "AuthorizationQueryParametersError", presignedAgain(ours, noon, "soon")},
		"expires twice":   {400, "AuthorizationQueryParametersError", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Expires=9" }},
		"no date":         {400, "AuthorizationQueryParametersError", inQuery("X-Amz-Date", "X-Amz-Day")},
		"another way":     {400, "InvalidRequest", inQuery("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")},
		"a token":         {400, "InvalidToken", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Security-Token=t" }},
		"a wish unsigned": {403, "AccessDenied", header("X-Amz-Acl", "public-read-write")},
		"a hash unsigned": {403, "AccessDenied", header("X-Amz-Content-Sha256", hexSHA256("hello"))},
		"too large":       {400, "EntityTooLarge", body(strings.Repeat("x", 101))},
		"no length":       {411, "MissingContentLength", func(r *http.Request) { r.ContentLength = -1 }},
		"too short":       {400, "IncompleteBody", func(r *http.Request) { r.ContentLength = 6 }},
		"too long":        {400, "IncompleteBody", func(r *http.Request) { r.ContentLength = 4 }},
		"cut off":         {400, "IncompleteBody", func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)) }},
		"a failure":       {500, "InternalError", func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(io.ErrClosedPipe)) }},
		"another MD5":     {400, "BadDigest", header("Content-Md5", md5Text("other"))},
		"no MD5":          {400, "InvalidDigest", header("Content-Md5", "aGVsbG8=")},
		"no base64":       {400, "InvalidDigest", header("Content-Md5", "*")},
	})
}

func md5Text(content string) string {
	sum := md5.Sum([]byte(content))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestABodyThatIsNotTheOneThatWasSignedIsRefused(t *testing.T) {
	t.Parallel()
	rehashed := func(payload string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Del("Authorization"); ours.sign(r, noon, payload) }
	}
	refuses(t, func() *http.Request { return signed("PUT", "/images/x", "hello") }, map[string]change{
		"another body": {400, "XAmzContentSHA256Mismatch", body("HELLO")},
		"no body":      {400, "XAmzContentSHA256Mismatch", body("")},
		"a short hash": {400, "InvalidArgument", rehashed("abc123")},
		"no hash":      {400, "InvalidArgument", rehashed(strings.Repeat("x", 64))},
		"trailers":     {501, "NotImplemented", rehashed("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")},
		"no chunks":    {411, "MissingContentLength", rehashed(streaming)},
	})
}

// inParts is an upload of "hello world" in two chunks.
func inParts() *http.Request {
	r := request("PUT", "/images/x", "")
	r.Header.Set("X-Amz-Decoded-Content-Length", "11")
	seed := ours.sign(r, noon, streaming)
	body(ours.inChunks(noon, seed, "hello ", "world"))(r)
	return r
}

// inBody changes the text of a chunked upload.
func inBody(old, new string) func(*http.Request) {
	return func(r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(text), old) {
			panic(fmt.Sprint("nothing to change: ", err))
		}
		body(strings.Replace(string(text), old, new, 1))(r)
	}
}

func TestChunksThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	announced := func(size string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("X-Amz-Decoded-Content-Length", size)
			seed := ours.sign(r, noon, streaming)
			body(ours.inChunks(noon, seed, "hello ", "world"))(r)
		}
	}
	parts := func(chunks ...string) func(*http.Request) {
		return func(r *http.Request) {
			_, seed, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			body(ours.inChunks(noon, seed, chunks...))(r)
		}
	}
	refuses(t, inParts, map[string]change{
		"the first changed":      {403, "SignatureDoesNotMatch", inBody("hello", "HELLO")},
		"the second changed":     {403, "SignatureDoesNotMatch", inBody("world", "WORLD")},
		"another length":         {403, "SignatureDoesNotMatch", inBody("6;", "5;")},
		"no signature":           {400, "IncompleteBody", inBody(";chunk-signature=", ";")},
		"signed with no seed":    {403, "SignatureDoesNotMatch", func(r *http.Request) { body(ours.inChunks(noon, "", "hello ", "world"))(r) }},
		"the last one unsigned":  {403, "SignatureDoesNotMatch", inBody("\n0;chunk-signature=", "\n0;chunk-signature=0")},
		"the last one missing":   {400, "IncompleteBody", func(r *http.Request) { inBody("\r\n0;", "\r\n\x00")(r); cutBody(r) }},
		"an end too early":       {400, "IncompleteBody", parts("hello ")},
		"too much":               {400, "IncompleteBody", parts("hello ", "world", "!")},
		"something after it":     {400, "IncompleteBody", func(r *http.Request) { text, _ := io.ReadAll(r.Body); body(string(text) + "x")(r) }},
		"no lines":               {400, "IncompleteBody", body(strings.Repeat("x", 10000))},
		"a long line":            {400, "IncompleteBody", body("5;chunk-signature=" + strings.Repeat("0", 200) + "\r\nhello")},
		"nothing":                {400, "IncompleteBody", body("")},
		"a negative length":      {400, "IncompleteBody", inBody("6;", "-6;")},
		"a length out of range":  {400, "IncompleteBody", inBody("6;", "ffffffffffffffffff;")},
		"a length that is a lie": {400, "IncompleteBody", inBody("6;", "7fffffffffffffff;")},
		"no line after a chunk":  {400, "IncompleteBody", inBody("hello \r\n", "hello ..")},
		"more announced":         {400, "IncompleteBody", announced("12")},
		"less announced":         {400, "IncompleteBody", announced("10")},
		"too large":              {400, "EntityTooLarge", announced("101")},
		"a negative object":      {411, "MissingContentLength", announced("-1")},
	})
}

// cutBody cuts the body at its first zero byte.
func cutBody(r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	before, _, _ := strings.Cut(string(text), "\x00")
	body(before)(r)
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	put(t, s, "/images/x", "mine")
	r := inParts()
	inBody("world", "WORLD")(r)
	if status, code := ask(s, r); status != 403 {
		t.Errorf("%d %s", status, code)
	}
	if got := read(s, "/images/x"); got != "mine" {
		t.Errorf("it is now %q", got)
	}
}

func TestALengthInTheHeaderOfTheRealServerIsSigned(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), "PUT", srv.URL+"/images/x", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Length", "5") // for the signature; Go sends it by itself
	req.Header.Set("Content-Md5", md5Text("hello"))
	ours.sign(req, noon, unsigned)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != 200 || resp.Header.Get("ETag") != `"5d41402abc4b2a76b9719d911017c592"` {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}
