package s3

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxSkew    = 15 * time.Minute
	maxExpires = 7 * 24 * time.Hour

	unsigned = "UNSIGNED-PAYLOAD"
)

// isSignature are the parameters of a request that is signed in its query.
var isSignature = map[string]bool{
	"X-Amz-Algorithm": true, "X-Amz-Credential": true, "X-Amz-Date": true, "X-Amz-Expires": true, "X-Amz-SignedHeaders": true, "X-Amz-Signature": true,
}

// claim is what a signed request says about its signature.
type claim struct {
	accessKey string
	scope     scope
	at        time.Time
	// presigned requests are signed in their query and valid for expires; others for as long as clocks may differ.
	presigned bool
	expires   time.Duration
	headers   []string // the signed ones, in lower case
	signature string
	// payload is the hash of the body, or a keyword for how the body is signed.
	payload string

	signer signer // set when the claim was verified
}

// malformed returns the error for a claim that cannot be valid.
func (c claim) malformed(message string) fault {
	if c.presigned {
		return fault{status: http.StatusBadRequest, code: "AuthorizationQueryParametersError", message: message}
	}
	return fault{status: http.StatusBadRequest, code: "AuthorizationHeaderMalformed", message: message}
}

// authenticate returns the claim of a request with a valid signature; nil if the request is not signed.
func (s *Store) authenticate(r *http.Request, query url.Values) (*claim, error) {
	header, presigned := r.Header.Get("Authorization") != "", query.Has("X-Amz-Algorithm")
	if r.Header.Get("X-Amz-Security-Token") != "" || query.Has("X-Amz-Security-Token") {
		return nil, errToken
	}
	if header && presigned {
		return nil, errTwice
	}
	if !header && !presigned {
		return nil, nil
	}
	read := fromHeader
	if presigned {
		read = fromQuery
	}
	c, err := read(r, query)
	if err != nil {
		return nil, err
	}
	return &c, s.verify(r, query, &c)
}

// fromHeader parses the claim in the Authorization header.
func fromHeader(r *http.Request, _ url.Values) (claim, error) {
	kind, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if kind != algorithm {
		return claim{}, errAlgorithm
	}
	parts := make(map[string]string)
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	c := claim{signature: parts["Signature"], payload: r.Header.Get("X-Amz-Content-Sha256")}
	if c.payload == "" {
		return c, errNoHash
	}
	return c, c.read(parts["Credential"], r.Header.Get("X-Amz-Date"), parts["SignedHeaders"])
}

// fromQuery parses the claim of a presigned URL.
func fromQuery(r *http.Request, query url.Values) (claim, error) {
	c := claim{presigned: true, payload: unsigned, signature: query.Get("X-Amz-Signature")}
	for name := range isSignature {
		if len(query[name]) != 1 {
			return c, c.malformed("The URL must have " + name + " once.")
		}
	}
	if query.Get("X-Amz-Algorithm") != algorithm {
		return c, errAlgorithm
	}
	seconds, err := strconv.ParseUint(query.Get("X-Amz-Expires"), 10, 32)
	c.expires = time.Duration(seconds) * time.Second
	if err != nil || seconds == 0 || c.expires > maxExpires {
		return c, c.malformed("X-Amz-Expires must be from 1 to 604800 seconds.")
	}
	if hash := r.Header.Get("X-Amz-Content-Sha256"); hash != "" {
		c.payload = hash
	}
	return c, c.read(query.Get("X-Amz-Credential"), query.Get("X-Amz-Date"), query.Get("X-Amz-SignedHeaders"))
}

// read parses what both forms have.
func (c *claim) read(credential, date, headers string) error {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 || parts[4] != terminator {
		return c.malformed("The credential must be <access key>/<day>/<region>/s3/aws4_request.")
	}
	c.accessKey, c.scope = parts[0], scope{day: parts[1], region: parts[2], service: parts[3]}
	var err error
	if c.at, err = time.Parse(timeForm, date); err != nil {
		return errUndated
	}
	if c.scope.day != c.at.Format(dayForm) {
		return c.malformed("The credential is for another day than the request.")
	}
	c.headers = strings.Split(headers, ";")
	if !slices.Contains(c.headers, "host") || !slices.IsSorted(c.headers) {
		return c.malformed("The signed headers must be sorted and have the host.")
	}
	return nil
}

// verify checks a claim and sets its signer, which signs chunks.
func (s *Store) verify(r *http.Request, query url.Values, c *claim) error {
	if c.accessKey != s.cfg.AccessKey {
		return errAccessKey
	}
	if c.scope.region != s.cfg.Region || c.scope.service != service {
		f := c.malformed("The credential must be for " + service + " in " + s.cfg.Region + ".")
		f.region = s.cfg.Region
		return f
	}
	if err := c.inTime(s.cfg.Now()); err != nil {
		return err
	}
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && !slices.Contains(c.headers, lower) {
			return errUnsigned
		}
	}
	covered := make(url.Values)
	for name, values := range query {
		if name != "X-Amz-Signature" || !c.presigned {
			covered[name] = values
		}
	}
	c.signer = newSigner(s.cfg.SecretKey, c.at, c.scope)
	if want := c.signer.sign(canonical(r, covered, c.headers, c.payload)); !same(want, c.signature) {
		return errSignature
	}
	return nil
}

func (c *claim) inTime(now time.Time) error {
	early, late := c.at.Sub(now) > maxSkew, now.Sub(c.at) > maxSkew
	switch {
	case c.presigned && early:
		return errTooEarly
	case c.presigned && now.Sub(c.at) > c.expires:
		return errExpired
	case !c.presigned && (early || late):
		return errSkew
	}
	return nil
}

// same compares in constant time, so that the time reveals nothing about the correct signature.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
