package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// documentedCurl is the example of the API documentation, unchanged.
//
//go:embed testdata/create-payment.sh
var documentedCurl string

// curlSettings make curl report more than the example asks for, without changing the example.
const curlSettings = "silent\nshow-error\nnoproxy = \"*\"\nmax-time = 30\nwrite-out = \"\\n%{http_code} %header{x-request-id}\"\n"

// curl runs a shell command that calls curl, and returns the answer.
func curl(t *testing.T, command string) (body, status, requestID string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the documented example needs curl: install the package curl")
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte(curlSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-c", command)
	shell.Env = append(os.Environ(), "CURL_HOME="+home)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	end := strings.LastIndexByte(string(out), '\n')
	status, requestID, _ = strings.Cut(string(out[end+1:]), " ")
	return strings.TrimSpace(string(out[:end])), status, requestID
}

// documentedAnswer is the response in the API documentation: these fields in this order with these forms. Additional fields
// follow.
var documentedAnswer = regexp.MustCompile(`^\{"success":true,"data":\{"reference":"(PAY-\d{8}-[0-9A-F]{16})","amount":29\.99,"currency":"EUR",` +
	`"status":"pending_sca","payment_url":"(https?://[^"]+)",` +
	`"qr_data":\{"qrData":"(https?://[^"/]+/pay\?data=[^"]+)","deepLinkData":"(eupay://pay\?data=[^"]+)"\},` +
	`"created_at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"[,}]`)

func TestTheDocumentedCurlAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	body, status, requestID := curl(t, strings.NewReplacer("https://dev.eupayv1apis.european-pay.fr", shared.stack.URL(),
		"pk_live_YOUR_KEY", m.key.APIKey, "sk_live_YOUR_SECRET", string(m.key.APISecret)).Replace(documentedCurl))
	found := documentedAnswer.FindStringSubmatch(body)
	if status != "201" || requestID == "" || found == nil {
		t.Fatalf("status %s, request %q, not as documented: %s", status, requestID, body)
	}
	reference, qr, deepLink := found[1], found[3], found[4]
	created, err := time.Parse(time.RFC3339, found[5])
	if err != nil || time.Since(created).Abs() > time.Minute {
		t.Errorf("created_at is %s, %v", found[5], err)
	}
	if day := created.Format("20060102"); !strings.HasPrefix(reference, "PAY-"+day) {
		t.Errorf("%s was not made on %s", reference, day)
	}
	checkCode(t, m, qr, reference, created)
	if strings.TrimPrefix(deepLink, "eupay://pay?data=") != strings.TrimPrefix(qr, shared.stack.URL()+"/pay?data=") {
		t.Error("the deep link carries something else than the QR code")
	}
	if o := shared.bank().order(t, reference); o.Cents != 2999 || o.Beneficiary != merchantIBAN {
		t.Errorf("the bank was asked for %+v", o)
	}
	again := m.get(t, reference)
	if again.MerchantReference != "ORDER-1042" || again.PaymentURL != found[2] {
		t.Errorf("read back: %+v", again)
	}
}

// checkCode reads the code like a customer's app.
func checkCode(t *testing.T, m *merchant, qr, reference string, created time.Time) {
	t.Helper()
	u, err := url.Parse(qr)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := base64.RawURLEncoding.DecodeString(u.Query().Get("data"))
	if err != nil {
		t.Fatal(err)
	}
	var signed struct {
		Payload json.RawMessage
		Sig     string
	}
	if err := json.Unmarshal(envelope, &signed); err != nil {
		t.Fatal(err)
	}
	expires := created.Add(30 * time.Minute).Format("2006-01-02T15:04:05Z")
	want := fmt.Sprintf(`{"v":1,"type":"gateway_qr_payment","requestId":"%[1]s","gateway_reference":"%[1]s",`+
		`"merchant":{"id":"%[2]s","name":"%[3]s"},"amount":29.99,"currency":"EUR","expiresAt":"%[4]s"}`, reference, m.ID, m.Name, expires)
	if string(signed.Payload) != want {
		t.Errorf("the code says %s\nwant          %s", signed.Payload, want)
	}
	mac := hmac.New(sha256.New, []byte(shared.stack.System().Secrets.QRSigningKey))
	mac.Write(signed.Payload)
	if signed.Sig != hex.EncodeToString(mac.Sum(nil)) {
		t.Error("the signature does not cover the bytes of the payload")
	}
}
