package web

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

// A file that ends early must not look complete.
func TestADownloadThatFailsIsCut(t *testing.T) {
	t.Parallel()
	e := New(quiet, nil)
	e.GET("/file", func(c echo.Context) error {
		d, err := NewDownload(c, "text/csv", "a.csv")
		if err != nil {
			return err
		}
		_, err = d.Write([]byte("half"))
		d.Cut(cmp.Or(err, errors.New("the database is gone")))
		return nil
	})
	srv := httptest.NewServer(Handler(e))
	defer srv.Close()
	read := func(method string) (string, error) {
		req, err := http.NewRequestWithContext(context.Background(), method, srv.URL+"/file", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return string(text), err
	}
	if text, err := read(http.MethodGet); text != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %q, %v", text, err)
	}
	if text, err := read(http.MethodHead); text != "" || err != nil {
		t.Errorf("HEAD: %q, %v", text, err)
	}
}
