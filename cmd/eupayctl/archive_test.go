package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/identity"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

// vault replaces the einvoice service: it has an archive that may be broken.
type vault struct {
	einvoicev1.UnimplementedArchiveServiceServer
	asked   *einvoicev1.VerifyRequest
	problem string
	early   bool
}

func (v *vault) Verify(r *einvoicev1.VerifyRequest, stream grpc.ServerStreamingServer[einvoicev1.VerifyResponse]) error {
	v.asked = r
	if err := stream.Send(&einvoicev1.VerifyResponse{Documents: 20}); err != nil || v.early {
		return err
	}
	return stream.Send(&einvoicev1.VerifyResponse{Documents: 21, Done: true, Problem: v.problem, Waiting: 1, Head: "ab"})
}

func (*vault) ListAnchors(context.Context, *einvoicev1.ListAnchorsRequest) (*einvoicev1.ListAnchorsResponse, error) {
	return &einvoicev1.ListAnchorsResponse{Anchors: []*einvoicev1.Anchor{{Day: "2026-11-21", Position: 2, Hash: "ab"}}}, nil
}

func TestAnArchiveIsVerifiedWithItsAnchors(t *testing.T) {
	v := &vault{}
	serve(t, identity.EInvoice, einvoiceAddr, &einvoicev1.ArchiveService_ServiceDesc, v)
	contains(t, ok(t, "einvoice", "anchors", "--merchant", "m_1"), "DAY", "2026-11-21", "ab")
	path := filepath.Join(t.TempDir(), "anchors.json")
	kept := ok(t, "einvoice", "anchors", "--merchant", "m_1", "-o", "json")
	if err := os.WriteFile(path, []byte(kept), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, ok(t, "einvoice", "verify", "--merchant", "m_1", "--anchors", path), "21 documents are as they were archived, 1 wait to be archived, 1 anchors were compared")
	want := &einvoicev1.VerifyRequest{MerchantId: "m_1", Anchors: []*einvoicev1.Anchor{{Day: "2026-11-21", Position: 2, Hash: "ab"}}}
	if !proto.Equal(v.asked, want) {
		t.Errorf("asked %v", v.asked)
	}
	v.problem = "The PDF of INV-1 is not the one that was archived."
	if got := eupayctl(t, "einvoice", "verify", "--merchant", "m_1"); got.code != exitFailed || !strings.Contains(got.err, v.problem) {
		t.Errorf("a broken archive: %+v", got)
	}
	v.early = true
	if got := eupayctl(t, "einvoice", "verify", "--merchant", "m_1"); got.code != exitFailed || !strings.Contains(got.err, "ended early") {
		t.Errorf("half an answer: %+v", got)
	}
	if got := eupayctl(t, "einvoice", "verify", "--merchant", "m_1", "--anchors", "/dev/null/x"); got.code == 0 {
		t.Errorf("without the file: %+v", got)
	}
}
