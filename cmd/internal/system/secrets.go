package system

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Secrets of a system on one machine. They are generated once and kept: tokens, QR codes and sealed webhook secrets stay valid
// after a restart, and the demo logins stay the same.
type Secrets struct {
	JWT           string `json:"jwt"`
	QRSigningKey  string `json:"qr_signing_key"`
	WebhookMaster string `json:"webhook_master_key"` // 32 bytes in hex
	Connections   string `json:"connections_key"`    // 32 bytes in hex
	PortalMaster  string `json:"portal_master_key"`  // 32 bytes in hex
	PushKey       string `json:"push_private_key"`   // P-256, 32 bytes in base64url
	ProviderHook  string `json:"provider_webhook_secret"`
	BankClientID  string `json:"bank_client_id"`
	BankSecret    string `json:"bank_client_secret"`
	InvoicingKey  string `json:"invoicing_api_key"`
	InvoicingHook string `json:"invoicing_webhook_secret"`
	Database      string `json:"database_key"` // from which the passwords of the services' roles are derived
	S3Key         string `json:"s3_secret_key"`
	APIKey        string `json:"api_key"`
	APISecret     string `json:"api_secret"`
	MerchantLogin string `json:"merchant_password"`
	AdminLogin    string `json:"admin_password"`
	CustomerLogin string `json:"customer_password"`
}

// LoadSecrets reads the secrets of the folder, and generates missing ones.
func LoadSecrets(dir string) (Secrets, error) {
	path := filepath.Join(dir, "secrets.json")
	var s Secrets
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return Secrets{}, fmt.Errorf("read the secrets: %w", err)
	default:
		if err := json.Unmarshal(content, &s); err != nil {
			return Secrets{}, fmt.Errorf("read the secrets in %s: %w", path, err)
		}
	}
	before := s
	s.complete()
	if s == before {
		return s, nil
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return Secrets{}, fmt.Errorf("write the secrets: %w", err)
	}
	return s, writeSecret(path, append(out, '\n'))
}

func (s *Secrets) complete() {
	for target, make := range map[*string]func() string{
		&s.JWT: key, &s.QRSigningKey: key, &s.WebhookMaster: key, &s.ProviderHook: key, &s.Database: key,
		&s.BankSecret: key, &s.S3Key: key, &s.Connections: key, &s.PortalMaster: key, &s.InvoicingKey: key, &s.InvoicingHook: key,
		&s.PushKey:       pushKey,
		&s.BankClientID:  func() string { return "eupay-sandbox" },
		&s.APIKey:        func() string { return "pk_test_" + text(24) },
		&s.APISecret:     func() string { return "sk_test_" + text(43) },
		&s.MerchantLogin: password, &s.AdminLogin: password, &s.CustomerLogin: password,
	} {
		if *target == "" {
			*target = make()
		}
	}
}

// key returns 256 random bits in hex.
func key() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// pushKey returns a new private key of P-256.
func pushKey() string {
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the random source never fails
	}
	return base64.RawURLEncoding.EncodeToString(k.Bytes())
}

func password() string { return text(16) }

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// text returns n random letters and digits.
func text(n int) string {
	out := make([]byte, 0, n)
	var b [1]byte
	for len(out) < n {
		rand.Read(b[:])
		if b[0] < 248 { // the largest multiple of 62: every character is equally likely
			out = append(out, alphabet[b[0]%62])
		}
	}
	return string(out)
}

// writeSecret replaces the file atomically, readable only by its owner.
func writeSecret(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
