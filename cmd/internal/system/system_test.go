package system

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsAreMadeOnceAndClosedToOthers(t *testing.T) {
	dir := t.TempDir()
	first, err := LoadSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadSecrets(dir)
	if err != nil || first != second {
		t.Errorf("the secrets changed: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "secrets.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secrets.json: %v, %v", info.Mode(), err)
	}
	if len(first.APIKey) != len("pk_test_")+24 || len(first.APISecret) != len("sk_test_")+43 || len(first.WebhookMaster) != 64 || len(first.PushKey) != 43 {
		t.Errorf("the wrong form: %+v", first)
	}
	other, err := LoadSecrets(t.TempDir())
	if err != nil || other.JWT == first.JWT || other.PushKey == first.PushKey || other.APISecret == first.APISecret || other.AdminLogin == other.MerchantLogin {
		t.Errorf("not random: %v", err)
	}
}

func TestSecretsOfAnOlderVersionAreCompleted(t *testing.T) {
	dir := t.TempDir()
	if err := writeSecret(filepath.Join(dir, "secrets.json"), []byte(`{"jwt":"kept"}`)); err != nil {
		t.Fatal(err)
	}
	s, err := LoadSecrets(dir)
	if err != nil || s.JWT != "kept" || s.QRSigningKey == "" {
		t.Errorf("got %+v, %v", s, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secrets.json"), []byte(`{`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSecrets(dir); err == nil {
		t.Error("a damaged file was replaced: everything it protected would be lost")
	}
}

func TestDemoEnvIsOneWordPerValueInAShell(t *testing.T) {
	dir := t.TempDir()
	ports, err := Prefer(Ports{}, Ports{})
	if err != nil {
		t.Fatal(err)
	}
	nasty := `postgres://u:p'w"d $(touch pwned) \ &#; x@127.0.0.1/db?sslmode=disable`
	s := System{Ports: ports, DatabaseURL: nasty, Secrets: Secrets{APIKey: "pk_test_x"}}
	if err := s.WriteDemoEnv(dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", `. ./demo.env; printf '%s\n%s' "$EUPAY_DATABASE_URL" "$EUPAY_URL"`)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != nasty+"\n"+s.URL() {
		t.Errorf("the shell reads %q, %v", out, err)
	}
	back, err := ReadDemoEnv(dir)
	if err != nil || back["EUPAY_DATABASE_URL"] != nasty || len(back) != len(s.Demo()) {
		t.Errorf("read back: %v, %v", back, err)
	}
	info, err := os.Stat(DemoEnv(dir))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("demo.env: %v, %v", info.Mode(), err)
	}
	if err := errors.Join(RemoveDemoEnv(dir), RemoveDemoEnv(dir)); err != nil {
		t.Errorf("remove it twice: %v", err)
	}
}

func TestATakenPortIsAvoidedUnlessItWasAskedFor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	got, err := Prefer(Ports{}, Ports{NATS: taken})
	if err != nil || got.NATS == taken || got.NATS == 0 {
		t.Errorf("got port %d, %v", got.NATS, err)
	}
	want := fmt.Sprintf("port %d is taken by system.test (process %d): stop it, or set EUPAY_NATS_PORT to another port (0: any free one)", taken, os.Getpid())
	if _, err := Prefer(Ports{NATS: taken}, Ports{}); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAForbiddenPortIsNotReportedAsOccupied(t *testing.T) {
	_, err := Prefer(Ports{HTTP: 70000}, Ports{})
	if err == nil || !strings.Contains(err.Error(), "port 70000 cannot be used") || !strings.Contains(err.Error(), "set PORT to another port") {
		t.Errorf("got %v", err)
	}
}

func TestAllPortsAreDifferent(t *testing.T) {
	p, err := Prefer(Ports{}, Ports{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	list := []int{p.HTTP, p.Bank, p.BankManagement, p.NATS, p.Postgres, p.S3, p.Pages}
	for _, name := range Names {
		list = append(list, p.Management[name])
		if name != Portal {
			list = append(list, p.GRPC[name])
		}
	}
	for _, port := range list {
		if port == 0 || seen[port] {
			t.Errorf("port %d is missing or given twice: %v", port, list)
		}
		seen[port] = true
	}
}

func TestDerivedSettingsTakePrecedence(t *testing.T) {
	ports, err := Prefer(Ports{}, Ports{})
	if err != nil {
		t.Fatal(err)
	}
	s := System{Ports: ports, DatabaseURL: "postgres://root:secret@here/eupay?sslmode=disable", Extra: map[string]string{"EUPAY_DATABASE_URL": "postgres://there", "EUPAY_PAYMENTS_LEASE": "9s"}}
	env := s.Env(Payments)
	own := "postgres://eupay_payments:" + s.role(Payments).Password + "@here/eupay?sslmode=disable"
	if env["EUPAY_DATABASE_URL"] != own || env["EUPAY_PAYMENTS_LEASE"] != "9s" {
		t.Errorf("got %v", env)
	}
	if _, leaked := s.Env(QR)["EUPAY_POWENS_TEST_CLIENT_SECRET"]; leaked {
		t.Error("a service got the secret of another")
	}
	if s.Env(Gateway)["EUPAY_PAYMENTS_ADDR"] != env["EUPAY_GRPC_ADDR"] {
		t.Error("the gateway does not find payments")
	}
}

func TestTheStoreAndItsUserAgreeUnlessAnotherStoreIsGiven(t *testing.T) {
	s := System{Secrets: Secrets{S3Key: "hush"}, Extra: map[string]string{"EUPAY_S3_REGION": "eu-central-1"}}
	store, user := s.SandboxEnv("dir"), s.Env(QR)
	for _, name := range []string{"BUCKET", "REGION", "ACCESS_KEY", "SECRET_KEY"} {
		if user["EUPAY_S3_"+name] == "" || user["EUPAY_S3_"+name] != store["EUPAY_SANDBOX_S3_"+name] {
			t.Errorf("%s: %q and %q", name, user["EUPAY_S3_"+name], store["EUPAY_SANDBOX_S3_"+name])
		}
	}
	s.Extra["EUPAY_S3_ENDPOINT"] = "https://s3.example"
	store, user = s.SandboxEnv("dir"), s.Env(QR)
	if store["EUPAY_SANDBOX_S3_ADDR"] != "" || user["EUPAY_S3_ENDPOINT"] != "https://s3.example" || user["EUPAY_S3_REGION"] != "eu-central-1" || user["EUPAY_S3_SECRET_KEY"] != "" {
		t.Errorf("%v, %v", store, user)
	}
}
