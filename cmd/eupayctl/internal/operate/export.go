package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"european-pay.eu/eupay/internal/bundle"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

// Export writes the documents of a period into a new ZIP file (see package bundle). It returns how many documents there were. The file is there
// only when it is complete; one that exists is replaced only with force. Each document may take up to the timeout to arrive.
func Export(ctx context.Context, client einvoicev1.OperatorServiceClient, req *einvoicev1.ExportRequest, path string, force bool, timeout time.Duration) (int, error) {
	n := 0
	err := NewFile(path, force, func(out io.Writer) (err error) {
		n, err = export(ctx, client, req, out, timeout)
		return err
	})
	return n, err
}

func export(ctx context.Context, client einvoicev1.OperatorServiceClient, req *einvoicev1.ExportRequest, out io.Writer, timeout time.Duration) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(timeout, func() { cancel(fmt.Errorf("nothing came for %s", timeout)) })
	defer silence.Stop()
	stream, err := client.Export(ctx, req)
	if err != nil {
		return 0, err
	}
	a, err := bundle.New(out)
	if err != nil {
		return 0, err
	}
	for {
		d, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return int(a.Documents()), a.Close()
		case context.Cause(ctx) != nil:
			return 0, context.Cause(ctx)
		case err != nil:
			return 0, err
		}
		silence.Reset(timeout)
		if err := a.Add(d.GetInvoice(), d.GetXml(), d.GetPdf()); err != nil {
			return 0, err
		}
	}
}
