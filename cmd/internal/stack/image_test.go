package stack_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/internal/pgtest"
)

// send sends bytes as a browser does and returns the status and the answer.
func send(t *testing.T, method, url, contentType, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func TestAnUploadedImageIsThereAfterAStopAndAStart(t *testing.T) {
	t.Parallel()
	const png = "\x89PNG\r\n\x1a\n"
	dir, database := folder(t), pgtest.Empty(t)
	first := start(t, stack.Options{Dir: dir, DatabaseURL: database})
	login, _ := post(t, first, "", "/auth/register", `{"email":"cafe@example.com","password":"correct horse battery","name":"Café","iban":"FR7630006000011234567890189"}`)["token"].(string)
	up := post(t, first, login, "/product/upload-image-url", `{"filename":"coffee.png","contentType":"image/png"}`)
	upload, _ := up["uploadUrl"].(string)
	image, _ := up["imageUrl"].(string)
	if status, answer := send(t, http.MethodPut, upload, "image/jpeg", png); status != http.StatusForbidden {
		t.Errorf("another type: %d %s", status, answer)
	}
	if status, answer := send(t, http.MethodPut, upload, "image/png", png); status != http.StatusOK {
		t.Fatalf("upload: %d %s", status, answer)
	}
	post(t, first, login, "/product/create", `{"name":"Café Noisette","price_ttc":3.50,"image_url":"`+image+`"}`)
	ports := first.System().Ports
	first.Stop()

	start(t, stack.Options{Dir: dir, DatabaseURL: database, Ports: ports})
	if status, answer := send(t, http.MethodGet, image, "", ""); status != http.StatusOK || answer != png {
		t.Errorf("after the start: %d %q", status, answer)
	}
}
