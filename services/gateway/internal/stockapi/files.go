package stockapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// maxFile is the maximum size of a file.
	maxFile = 10 << 20
	// partSize is how much of a file goes into one message.
	partSize = 256 << 10
	csvType  = "text/csv; charset=utf-8"
)

type problem struct {
	Line    int32   `json:"line"`
	Column  *string `json:"column"`
	Message string  `json:"message"`
}

type report struct {
	DryRun    bool      `json:"dry_run"`
	Lines     int32     `json:"lines"`
	Created   int32     `json:"created"`
	Updated   int32     `json:"updated"`
	Unchanged int32     `json:"unchanged"`
	Problems  []problem `json:"problems"`
}

// importFile applies a file, or says what it would do.
func (a *API) importFile(c echo.Context) error {
	f := web.FiltersOf(c)
	first := &qrv1.ImportCatalogRequest{MerchantId: merchant(c), Actor: actor(c), DryRun: f.Bool("dry_run", false), SetStock: f.Bool("set_stock", false)}
	if err := f.Err(); err != nil {
		return err
	}
	if err := web.Limited(c, a.Limiter, "catalog-files:"+merchant(c), filesPerMinute); err != nil {
		return err
	}
	file, err := web.ReadText(c, "text/csv", maxFile)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, fileTimeout)
	defer cancel()
	res, err := a.send(ctx, first, file)
	if err != nil {
		return err
	}
	out := report{
		DryRun: first.GetDryRun(), Lines: res.GetLines(), Created: res.GetCreated(), Updated: res.GetUpdated(), Unchanged: res.GetUnchanged(),
		Problems: make([]problem, len(res.GetProblems())),
	}
	for i, p := range res.GetProblems() {
		out.Problems[i] = problem{p.GetLine(), web.OrNull(p.GetColumn()), p.GetMessage()}
	}
	return web.Answer(c, http.StatusOK, out)
}

// send sends a file in parts, each with less than the services accept in one message.
func (a *API) send(ctx context.Context, first *qrv1.ImportCatalogRequest, file []byte) (*qrv1.ImportCatalogResponse, error) {
	stream, err := a.Stock.ImportCatalog(ctx)
	if err != nil {
		return nil, fmt.Errorf("import catalog: %w", err)
	}
	for next := first; ; {
		n := min(partSize, len(file))
		next.Data, file = file[:n], file[n:]
		err := stream.Send(next)
		if err != nil && !errors.Is(err, io.EOF) { // at an io.EOF the answer says why
			return nil, fmt.Errorf("import catalog: %w", err)
		}
		if err != nil || len(file) == 0 {
			break
		}
		next = &qrv1.ImportCatalogRequest{}
	}
	res, err := stream.CloseAndRecv()
	if err != nil {
		return nil, fmt.Errorf("import catalog: %w", err)
	}
	return res, nil
}

// exportFile answers with the whole catalog.
func (a *API) exportFile(c echo.Context) error {
	f := web.FiltersOf(c)
	separator := f.OneOf("separator", []string{"comma", "semicolon"})
	if err := f.Err(); err != nil {
		return err
	}
	if err := web.Limited(c, a.Limiter, "catalog-files:"+merchant(c), filesPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.UntilStop(c.Request())
	defer cancel()
	parts, err := a.Stock.ExportCatalog(ctx, &qrv1.ExportCatalogRequest{MerchantId: merchant(c), Semicolon: separator == "semicolon"})
	if err != nil {
		return fmt.Errorf("export catalog: %w", err)
	}
	part, err := parts.Recv() // a refusal is an answer, and no file
	if err != nil {
		return fmt.Errorf("export catalog: %w", err)
	}
	file, err := web.NewDownload(c, csvType, "catalog.csv")
	if err != nil {
		return err
	}
	for {
		if _, err = file.Write(part.GetData()); err != nil {
			file.Cut(err)
		}
		if part, err = parts.Recv(); errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			file.Cut(err)
		}
	}
}
