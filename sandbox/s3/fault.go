package s3

import (
	"crypto/rand"
	"encoding/xml"
	"net/http"
)

// fault is an error answer with a code of S3's list of error codes.
type fault struct {
	status  int
	code    string
	message string
	// region is the bucket's region, for clients that signed for another one.
	region string
}

func (f fault) Error() string { return f.code + ": " + f.message }

var (
	errDenied      = fault{http.StatusForbidden, "AccessDenied", "Access denied.", ""}
	errExpired     = fault{http.StatusForbidden, "AccessDenied", "The request has expired.", ""}
	errTooEarly    = fault{http.StatusForbidden, "AccessDenied", "The request is not valid yet.", ""}
	errUnsigned    = fault{http.StatusForbidden, "AccessDenied", "An x-amz header of the request is not signed.", ""}
	errUndated     = fault{http.StatusForbidden, "AccessDenied", "The request needs an x-amz-date of the form 20060102T150405Z.", ""}
	errOrigin      = fault{http.StatusForbidden, "AccessForbidden", "This CORS request is not allowed.", ""}
	errSignature   = fault{http.StatusForbidden, "SignatureDoesNotMatch", "The signature is not the one that follows from the request and the secret key.", ""}
	errAccessKey   = fault{http.StatusForbidden, "InvalidAccessKeyId", "There is no such access key.", ""}
	errSkew        = fault{http.StatusForbidden, "RequestTimeTooSkewed", "The clock of the client is more than 15 minutes off.", ""}
	errNoKey       = fault{http.StatusNotFound, "NoSuchKey", "There is no such object.", ""}
	errNoBucket    = fault{http.StatusNotFound, "NoSuchBucket", "There is no such bucket.", ""}
	errToken       = fault{http.StatusBadRequest, "InvalidToken", "This store gives no temporary credentials.", ""}
	errTwice       = fault{http.StatusBadRequest, "InvalidArgument", "A request is signed in its header or in its query, not in both.", ""}
	errAlgorithm   = fault{http.StatusBadRequest, "InvalidRequest", "Only AWS4-HMAC-SHA256 is understood.", ""}
	errNoHash      = fault{http.StatusBadRequest, "InvalidRequest", "The header x-amz-content-sha256 is missing.", ""}
	errHash        = fault{http.StatusBadRequest, "InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a hash.", ""}
	errHashDiffers = fault{http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The body does not have the hash of x-amz-content-sha256.", ""}
	errMD5         = fault{http.StatusBadRequest, "InvalidDigest", "Content-MD5 is no MD5 in base64.", ""}
	errMD5Differs  = fault{http.StatusBadRequest, "BadDigest", "The body does not have the hash of Content-MD5.", ""}
	errIncomplete  = fault{http.StatusBadRequest, "IncompleteBody", "The body has not the length or the form that was announced.", ""}
	errTooLarge    = fault{http.StatusBadRequest, "EntityTooLarge", "The object is larger than this store takes.", ""}
	errKeyTooLong  = fault{http.StatusBadRequest, "KeyTooLongError", "The key has more than 1024 bytes.", ""}
	errURI         = fault{http.StatusBadRequest, "InvalidURI", "The path or the query cannot be read.", ""}
	errNoLength    = fault{http.StatusLengthRequired, "MissingContentLength", "The length of the body is missing.", ""}
	errInternal    = fault{http.StatusInternalServerError, "InternalError", "The store has failed. Its log says why.", ""}
	errNotDone     = fault{http.StatusNotImplemented, "NotImplemented", "This store puts, gets and deletes whole objects and does nothing else.", ""}
)

// document is the XML of a fault.
type document struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Region    string `xml:",omitempty"`
	Resource  string
	RequestID string `xml:"RequestId"`
}

// location is the answer to ?location.
type location struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
	Region  string   `xml:",chardata"`
}

func (f fault) write(w http.ResponseWriter, r *http.Request) {
	id := rand.Text()
	w.Header().Set("X-Amz-Request-Id", id)
	if r.Method == http.MethodHead {
		w.WriteHeader(f.status)
		return
	}
	err := writeXML(w, f.status, document{Code: f.code, Message: f.message, Region: f.region, Resource: r.URL.Path, RequestID: id})
	if err != nil {
		panic(http.ErrAbortHandler) // the client has gone or gets half an answer: close the connection
	}
}

func writeXML(w http.ResponseWriter, status int, content any) error {
	body, err := xml.Marshal(content)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, err = w.Write(append([]byte(xml.Header), body...))
	return err
}
