package stock

import (
	"errors"
	"io"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// maxFile is what the API takes.
const maxFile = 10 << 20

// maxExport is more than any catalog has.
const maxExport = 64 << 20

// fileView is the page of a file: what it did or would do, once one was sent.
type fileView struct {
	*web.Form
	Report *eupay.ProductImport
	// Wrong is why the API refused the file.
	Wrong    []string
	MayWrite bool
}

func filePage(r *web.Request) error {
	return r.Render(http.StatusOK, "stock/file", fileView{Form: web.NewForm(), MayWrite: mayWrite(r)})
}

// readFile checks a file or applies it.
func readFile(r *web.Request) error {
	r.AllowBody(maxFile + 1<<20)
	if err := r.ParseMultipartForm(maxFile + 1<<20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return web.Unreadable
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	file, err := chosen(r)
	if err != nil {
		return err
	}
	if len(file) == 0 {
		f.Wrong("file", r.Text.T("stock.file_missing"))
		return r.Render(http.StatusUnprocessableEntity, "stock/file", fileView{Form: f, MayWrite: true})
	}
	report, err := r.API.Products.Import(r.Ctx(), file, eupay.ProductImportParams{DryRun: f.Get("step") != "import", SetStock: f.Is("set_stock")})
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return r.Render(http.StatusUnprocessableEntity, "stock/file", fileView{Form: f, Wrong: problemsOf(err), MayWrite: true})
	}
	return r.Render(http.StatusOK, "stock/file", fileView{Form: f, Report: report, MayWrite: true})
}

// problemsOf are what the API says of a file that it refused.
func problemsOf(err error) (list []string) {
	var e *eupay.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			list = append(list, f.Message)
		}
	}
	return list
}

// chosen reads the file of the form; empty: none was chosen.
func chosen(r *web.Request) ([]byte, error) {
	part, _, err := r.FormFile("file")
	if err != nil {
		return nil, nil
	}
	defer part.Close()
	file, err := io.ReadAll(io.LimitReader(part, maxFile+1))
	if err != nil {
		return nil, web.Unreadable
	}
	return file, nil
}

// export gives the whole catalog as a file.
func export(r *web.Request) error {
	separator := eupay.SeparatorSemicolon
	if r.URL.Query().Get("separator") == string(eupay.SeparatorComma) {
		separator = eupay.SeparatorComma
	}
	d, err := r.API.Products.Export(r.Ctx(), separator)
	if err != nil {
		return err
	}
	defer d.Close()
	data, err := io.ReadAll(io.LimitReader(d, maxExport))
	if err != nil {
		return err
	}
	return r.Download(&eupay.File{ContentType: d.ContentType, Data: data}, "catalog.csv")
}
