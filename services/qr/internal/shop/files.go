package shop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/sheet"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/catalogfile"
)

const (
	// filesAtOnce bounds what files take of the memory: each has at most catalogfile.MaxBytes, and what is read from it.
	filesAtOnce = 2
	// partSize is how much of an export goes into one message.
	partSize = 64 << 10
)

// ImportCatalog implements StockService.
func (s *Server) ImportCatalog(stream grpc.ClientStreamingServer[qrv1.ImportCatalogRequest, qrv1.ImportCatalogResponse]) error {
	ctx := stream.Context()
	select {
	case s.files <- struct{}{}:
		defer func() { <-s.files }()
	case <-ctx.Done():
		e := errs.New(errs.Unavailable, "Other files are being read. Repeat the request in a moment.")
		e.RetryAfter = time.Second
		return e
	}
	first, file, err := receive(stream)
	if err != nil {
		return err
	}
	entries, problems, err := catalogfile.Read(file)
	if err != nil {
		return err
	}
	report, err := s.store.Import(ctx, first.GetMerchantId(), first.GetActor(), entries, problems, first.GetDryRun(), first.GetSetStock())
	if err != nil {
		return err
	}
	if err := stream.SendAndClose(reportMessage(report)); err != nil {
		return fmt.Errorf("answer an import: %w", err)
	}
	return nil
}

// receive reads the parts of a file. The first message says what to do with it.
func receive(stream grpc.ClientStreamingServer[qrv1.ImportCatalogRequest, qrv1.ImportCatalogResponse]) (*qrv1.ImportCatalogRequest, []byte, error) {
	var first *qrv1.ImportCatalogRequest
	var file []byte
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) && first != nil {
			return first, file, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("receive a file: %w", err)
		}
		if first == nil {
			first = m
		}
		if file = append(file, m.GetData()...); len(file) > catalogfile.MaxBytes {
			return nil, nil, errs.New(errs.PayloadTooLarge, "The file is larger than %d MiB.", catalogfile.MaxBytes>>20)
		}
	}
}

func reportMessage(r catalog.Report) *qrv1.ImportCatalogResponse {
	m := &qrv1.ImportCatalogResponse{Lines: int32(r.Lines), Created: int32(r.Created), Updated: int32(r.Updated), Unchanged: int32(r.Unchanged)}
	for _, p := range r.Problems {
		m.Problems = append(m.Problems, &qrv1.ImportProblem{Line: int32(p.Line), Column: p.Column, Message: p.Message})
	}
	return m
}

// ExportCatalog implements StockService.
func (s *Server) ExportCatalog(r *qrv1.ExportCatalogRequest, stream grpc.ServerStreamingServer[qrv1.ExportCatalogResponse]) error {
	dialect := sheet.Comma
	if r.GetSemicolon() {
		dialect = sheet.Semicolon
	}
	var part bytes.Buffer
	send := func(least int) error {
		if part.Len() < least {
			return nil
		}
		err := stream.Send(&qrv1.ExportCatalogResponse{Data: bytes.Clone(part.Bytes())})
		part.Reset()
		if err != nil {
			return fmt.Errorf("send a part of a catalog: %w", err)
		}
		return nil
	}
	w, err := catalogfile.NewWriter(&part, dialect)
	if err != nil {
		return err
	}
	err = catalog.Each(stream.Context(), s.reads, r.GetMerchantId(), func(p catalog.Product) error {
		return errors.Join(w.Product(p), send(partSize))
	})
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("export catalog: %w", err)
	}
	return send(1)
}
