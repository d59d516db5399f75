package stack_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/stack"
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

// picture is a PNG of one pixel.
const picture = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9b\x55" +
	"\x00\x00\x00\nIDATx\x9cc\x60\x00\x00\x00\x02\x00\x01\x48\xaf\xa4\x71\x00\x00\x00\x00IEND\xaeB`\x82"

// upload gives a product of a new merchant an image, and returns the image's address.
func upload(t *testing.T, s *stack.Stack) (image string) {
	t.Helper()
	login, _ := post(t, s, "", "/auth/register", `{"email":"cafe@example.com","password":"correct horse battery","name":"Café","iban":"FR7630006000011234567890189"}`)["token"].(string)
	up := post(t, s, login, "/product/upload-image-url", `{"filename":"coffee.png","contentType":"image/png"}`)
	link, _ := up["uploadUrl"].(string)
	image, _ = up["imageUrl"].(string)
	if status, answer := send(t, http.MethodPut, link, "image/jpeg", picture); status != http.StatusForbidden {
		t.Errorf("another type: %d %s", status, answer)
	}
	if status, answer := send(t, http.MethodPut, link, "image/png", picture); status != http.StatusOK {
		t.Fatalf("upload: %d %s", status, answer)
	}
	post(t, s, login, "/product/create", `{"name":"Café Noisette","price_ttc":3.50,"image_url":"`+image+`"}`)
	return image
}
