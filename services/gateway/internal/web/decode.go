package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

// BodyLimit is the maximum size of a JSON body that Decode reads, in bytes.
const BodyLimit = 64 << 10

// Decode reads the request's JSON body strictly into the struct that into points to: content type application/json, exactly one
// document of valid UTF-8, no unknown, repeated or misspelt field, every value of the field's type (null only for pointers). It
// returns an errs.Error that names all refused fields, PAYLOAD_TOO_LARGE or UNSUPPORTED_MEDIA_TYPE. A field type with
// UnmarshalJSON explains a refusal with a Refusal.
func Decode(c echo.Context, into any) error {
	return DecodeUpTo(c, into, BodyLimit)
}

// DecodeUpTo is Decode for an endpoint that accepts larger bodies: limit in bytes.
func DecodeUpTo(c echo.Context, into any, limit int64) error {
	body, err := readBody(c, limit)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return badBody("The body is empty: send a JSON object.")
	}
	return decode(c, body, into)
}

// DecodeOptional is Decode for an endpoint whose body is optional: an empty one leaves into unchanged.
func DecodeOptional(c echo.Context, into any) error {
	body, err := readBody(c, BodyLimit)
	if err != nil || len(body) == 0 {
		return err
	}
	return decode(c, body, into)
}

func decode(c echo.Context, body []byte, into any) error {
	if err := jsonOnly(c.Request().Header); err != nil {
		return err
	}
	return Unmarshal(body, into)
}

// Unmarshal decodes a body that was already read as strictly as Decode.
func Unmarshal(body []byte, into any) error {
	if !utf8.Valid(body) {
		return badBody("The body is not valid UTF-8.")
	}
	if !json.Valid(body) {
		return badBody("The body is not valid JSON%s.", position(body))
	}
	if bad := check(body, into); len(bad) > 0 {
		return errs.Invalid(bad...)
	}
	if err := json.Unmarshal(body, into); err != nil {
		// The check above finds all known errors. Whatever it misses is still the caller's mistake.
		return badBody("The body does not have the expected shape.")
	}
	return nil
}

func readBody(c echo.Context, most int64) ([]byte, error) {
	r := c.Request()
	tooLarge := errs.New(errs.PayloadTooLarge, "The body is larger than %d KiB.", most>>10)
	if r.ContentLength > most {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, most))
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return nil, tooLarge
	case err != nil:
		return nil, badBody("The body could not be read to its end.")
	}
	return body, nil
}

func jsonOnly(h http.Header) error {
	kind, params, err := mime.ParseMediaType(h.Get(echo.HeaderContentType))
	charset := params["charset"]
	if err != nil || kind != echo.MIMEApplicationJSON || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return errs.New(errs.UnsupportedMedia, "Send the body as JSON in UTF-8, with the header Content-Type: application/json.")
	}
	if h.Get(echo.HeaderContentEncoding) != "" {
		return errs.New(errs.UnsupportedMedia, "Send the body without Content-Encoding.")
	}
	return nil
}

func position(body []byte) string {
	var syntax *json.SyntaxError
	var any json.RawMessage
	if err := json.Unmarshal(body, &any); errors.As(err, &syntax) {
		return fmt.Sprintf(" (at byte %d)", syntax.Offset)
	}
	return ""
}

func badBody(format string, args ...any) error {
	return errs.Invalid(errs.Field{Field: "body", Message: fmt.Sprintf(format, args...)})
}

// ReadText reads a body that is a text of the kind, such as text/csv, of at most limit bytes. Whether it is UTF-8 is for the reader to say.
func ReadText(c echo.Context, kind string, limit int64) ([]byte, error) {
	h := c.Request().Header
	given, params, err := mime.ParseMediaType(h.Get(echo.HeaderContentType))
	if charset := params["charset"]; err != nil || given != kind || charset != "" && !strings.EqualFold(charset, "utf-8") || h.Get(echo.HeaderContentEncoding) != "" {
		return nil, errs.New(errs.UnsupportedMedia, "Send the file itself as the body, in UTF-8 and without Content-Encoding, with the header Content-Type: %s.", kind)
	}
	return readBody(c, limit)
}
