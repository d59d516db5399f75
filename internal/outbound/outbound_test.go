package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/outbound"
)

func TestCauseContainsNoSecrets(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, c := range []struct {
		err, want error
	}{
		{context.DeadlineExceeded, context.DeadlineExceeded},
		{context.Canceled, context.Canceled},
		{io.EOF, io.ErrUnexpectedEOF},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), io.ErrUnexpectedEOF},
		{refused, refused},
	} {
		got := outbound.Cause(&url.Error{Op: "Get", URL: "https://provider.example/?token=s3cret", Err: c.err})
		if !errors.Is(got, c.want) || strings.Contains(got.Error(), "s3cret") {
			t.Errorf("%v becomes %v", c.err, got)
		}
	}
	broken := outbound.Cause(errors.New(`malformed HTTP response "FR7630006000011234567890189"`))
	if broken == nil || strings.Contains(broken.Error(), "FR76") {
		t.Error(broken)
	}
}
