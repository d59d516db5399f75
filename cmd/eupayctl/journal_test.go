package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/identity"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// salesBook replaces the qr service: it has a journal that may be broken.
type salesBook struct {
	qrv1.UnimplementedJournalArchiveServiceServer
	asked   *qrv1.VerifyJournalRequest
	problem string
	early   bool
}

func (l *salesBook) VerifyJournal(r *qrv1.VerifyJournalRequest, stream grpc.ServerStreamingServer[qrv1.VerifyJournalResponse]) error {
	l.asked = r
	if err := stream.Send(&qrv1.VerifyJournalResponse{Records: 500}); err != nil || l.early {
		return err
	}
	return stream.Send(&qrv1.VerifyJournalResponse{Records: 501, Closings: 2, Done: true, Problem: l.problem, Sequence: 7, Head: "ab"})
}

func TestAJournalIsVerifiedWithWhatWasKept(t *testing.T) {
	l := &salesBook{}
	serve(t, identity.QR, qrAddr, &qrv1.JournalArchiveService_ServiceDesc, l)
	path := filepath.Join(t.TempDir(), "kept.jsonl")
	if err := os.WriteFile(path, []byte(`{"sequence":3,"body":"{}","previous":"00","hash":"ab"}`+"\n"+`{"sequence":9,"hash":"cd","period":"day"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, ok(t, "journal", "verify", "--merchant", "m_1", "--kept", path), "501 records and 2 closings are as they were written, 2 kept hashes were compared")
	want := &qrv1.VerifyJournalRequest{MerchantId: "m_1", Anchors: []*qrv1.JournalAnchor{{Sequence: 3, Hash: "ab"}, {Sequence: 9, Hash: "cd"}}}
	if !proto.Equal(l.asked, want) {
		t.Errorf("asked %v", l.asked)
	}
	l.problem = "Record 7 does not follow the one before it."
	if got := eupayctl(t, "journal", "verify", "--merchant", "m_1"); got.code != exitFailed || !strings.Contains(got.err, l.problem) {
		t.Errorf("a broken journal: %d, %s", got.code, got.err)
	}
	l.early = true
	if got := eupayctl(t, "journal", "verify", "--merchant", "m_1"); got.code != exitFailed || !strings.Contains(got.err, "ended early") {
		t.Errorf("a verification without an end: %d, %s", got.code, got.err)
	}
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := eupayctl(t, "journal", "verify", "--merchant", "m_1", "--kept", path); got.code == 0 || !strings.Contains(got.err, "line 1") {
		t.Errorf("a file without hashes: %d, %s", got.code, got.err)
	}
}
