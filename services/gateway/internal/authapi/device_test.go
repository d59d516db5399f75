package authapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// The flags of the authenticator data (WebAuthn Level 3, section 6.1).
const (
	userPresent    = 1 << 0
	userVerified   = 1 << 2
	backupEligible = 1 << 3
	hasKey         = 1 << 6
)

// device is a browser with an authenticator: P-256 keys, attestation "none".
type device struct {
	origin, domain string
	flags          byte
	count          uint32
	key            *ecdsa.PrivateKey
	id, owner      []byte
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &device{origin: "http://localhost", domain: "localhost", flags: userPresent | userVerified, key: key, id: id}
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// data is the authenticator data, with what it tells of a new key.
func (d *device) data(attested []byte) []byte {
	sum := sha256.Sum256([]byte(d.domain))
	flags := d.flags
	if attested != nil {
		flags |= hasKey
	}
	return append(binary.BigEndian.AppendUint32(append(sum[:], flags), d.count), attested...)
}

func (d *device) client(kind, challenge string) []byte {
	return fmt.Appendf(nil, `{"type":"webauthn.%s","challenge":%q,"origin":%q,"crossOrigin":false}`, kind, challenge, d.origin)
}

// create answers the options of a new passkey with a body for POST /auth/passkeys.
func (d *device) create(t *testing.T, options reply) string {
	t.Helper()
	public := options.JSON["publicKey"].(map[string]any)
	owner, err := base64.RawURLEncoding.DecodeString(public["user"].(map[string]any)["id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	d.owner = owner
	point, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	cose, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	attested := append(binary.BigEndian.AppendUint16(make([]byte, 16), uint16(len(d.id))), append(d.id, cose...)...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": d.data(attested)})
	if err != nil {
		t.Fatal(err)
	}
	return d.body(t, map[string]any{"name": "Laptop"}, map[string]any{
		"clientDataJSON": base64url(d.client("create", public["challenge"].(string))), "attestationObject": base64url(object),
		"transports": []string{"internal", "telepathy"},
	})
}

// show answers the options of a login or a proof. It increments the counter if the device has one.
func (d *device) show(t *testing.T, options reply, with map[string]any) string {
	t.Helper()
	if d.count > 0 {
		d.count++
	}
	client := d.client("get", options.JSON["publicKey"].(map[string]any)["challenge"].(string))
	sum := sha256.Sum256(client)
	signed := sha256.Sum256(append(d.data(nil), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	return d.body(t, with, map[string]any{
		"clientDataJSON": base64url(client), "authenticatorData": base64url(d.data(nil)), "signature": base64url(signature), "userHandle": base64url(d.owner),
	})
}

func (d *device) body(t *testing.T, with, response map[string]any) string {
	t.Helper()
	body := map[string]any{"credential": map[string]any{
		"id": base64url(d.id), "rawId": base64url(d.id), "type": "public-key", "authenticatorAttachment": "platform",
		// not requested, but some password managers send it anyway
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "response": response,
	}}
	for name, value := range with {
		body[name] = value
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// passkey adds a passkey to the account.
func (f *fixture) passkey(t *testing.T, who as) (*device, reply) {
	t.Helper()
	d := newDevice(t)
	return d, f.Must(t, who, "POST", "/auth/passkeys", d.create(t, f.Must(t, who, "POST", "/auth/passkeys/options", "")))
}

// asked returns the options for the ticket of a login.
func (f *fixture) asked(t *testing.T, ticket string) reply {
	t.Helper()
	return f.Must(t, as{}, "POST", "/auth/mfa/passkey/options", `{"ticket":"`+ticket+`"}`)
}
