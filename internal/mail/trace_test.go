package mail

import (
	"errors"
	"testing"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/trace"
)

// TestAMailIsAStepOfItsTrace, without its recipient and its text.
func TestAMailIsAStepOfItsTrace(t *testing.T) {
	collector := otlptest.Start(t)
	ctx, finish := collector.Tracer(t, "gateway")
	ctx, root := trace.Root(ctx, nil, trace.Internal, "due mails")
	m, err := New("smtp://127.0.0.1:1", "EU Pay <no-reply@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(ctx, Message{ID: "1", To: "ada@example.com", Subject: "Hello", Text: "Hello"}); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("nobody listens there: %v", err)
	}
	root.End(nil)
	finish()
	for _, s := range collector.Spans() {
		if s.Name == "send mail" {
			if s.ParentID == "" || s.Kind != "CLIENT" || !s.Failed || s.Attributes["server.address"] != "127.0.0.1" || len(s.Attributes) > 2 {
				t.Errorf("the span is %+v", s)
			}
			return
		}
	}
	t.Errorf("no span of the mail in %+v", collector.Spans())
}
