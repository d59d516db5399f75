package push

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

var b64 = base64.RawURLEncoding

// browser is a subscribed browser and its push service, written from the RFCs: it knows nothing of the code under test.
type browser struct {
	*httptest.Server
	key  *ecdh.PrivateKey
	auth []byte
	hits chan hit

	mu     sync.Mutex
	answer http.HandlerFunc
}

// hit is a message that arrived, decrypted.
type hit struct {
	payload map[string]any
	text    string
	header  http.Header
	length  int
	err     error
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{key: key, auth: make([]byte, 16), hits: make(chan hit, 1000)}
	rand.Read(b.auth)
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

// answers sets what the push service says from now on; 201 otherwise.
func (b *browser) answers(h http.HandlerFunc) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = h
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func (b *browser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h := hit{header: r.Header, length: len(body), err: err}
	if err == nil {
		h.err = b.receive(&h, body)
	}
	if r.Method != http.MethodPost || r.URL.Path != "/send/secret-capability" {
		h.err = fmt.Errorf("%s %s", r.Method, r.URL.Path)
	}
	b.mu.Lock()
	answer := b.answer
	b.mu.Unlock()
	b.hits <- h
	if answer != nil {
		answer(w, r)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (b *browser) receive(h *hit, body []byte) error {
	if err := checkVAPID(h.header.Get("Authorization"), b.URL); err != nil {
		return err
	}
	if enc := h.header.Get("Content-Encoding"); enc != "aes128gcm" {
		return fmt.Errorf("content encoding %q", enc)
	}
	plain, err := decrypt(body, b.key, b.auth)
	if err != nil {
		return err
	}
	h.text = string(plain)
	return json.Unmarshal(plain, &h.payload)
}

// decrypt: RFC 8188 section 2 with the keys of RFC 8291 section 3.4.
func decrypt(body []byte, key *ecdh.PrivateKey, auth []byte) ([]byte, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, errors.New("no header block")
	}
	salt, size, id, record := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if len(record) > int(size) {
		return nil, errors.New("more than one record")
	}
	sender, err := ecdh.P256().NewPublicKey(id)
	if err != nil {
		return nil, err
	}
	shared, err := key.ECDH(sender)
	if err != nil {
		return nil, err
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		out, e := hkdf.Key(sha256.New, secret, salt, info, n)
		err = errors.Join(err, e)
		return out
	}
	ikm := derive(shared, auth, "WebPush: info\x00"+string(key.PublicKey().Bytes())+string(id), 32)
	cek, nonce := derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16), derive(ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, record, nil)
	if err != nil {
		return nil, err
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.New("no delimiter of a last record")
	}
	return plain[:len(plain)-1], nil
}

// checkVAPID: RFC 8292 sections 2 and 3, with the key that the tests use.
func checkVAPID(header, origin string) error {
	params, ok := strings.CutPrefix(header, "vapid ")
	token, key := "", ""
	for p := range strings.SplitSeq(params, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch name {
		case "t":
			token = value
		case "k":
			key = value
		}
	}
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 || key != public {
		return fmt.Errorf("authorization %q", header)
	}
	head, err1 := b64.DecodeString(parts[0])
	claims, err2 := b64.DecodeString(parts[1])
	signature, err3 := b64.DecodeString(parts[2])
	point, err4 := b64.DecodeString(key)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	var h struct{ Alg, Typ string }
	var c struct {
		Aud, Sub string
		Exp      int64
	}
	if err := errors.Join(json.Unmarshal(head, &h), json.Unmarshal(claims, &c)); err != nil {
		return err
	}
	verifier, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	left := time.Until(time.Unix(c.Exp, 0)) // the library takes the machine's clock
	switch {
	case h.Alg != "ES256" || len(signature) != 64:
		return fmt.Errorf("algorithm %q", h.Alg)
	case !ecdsa.Verify(verifier, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])):
		return errors.New("the signature is wrong")
	case c.Aud != origin || c.Sub != subject:
		return fmt.Errorf("claims %s", claims)
	case left <= 0 || left > 24*time.Hour:
		return fmt.Errorf("expires in %v", left)
	}
	return nil
}

// next is the next message; it must be right.
func (b *browser) next(t *testing.T) hit {
	t.Helper()
	select {
	case h := <-b.hits:
		if h.err != nil {
			t.Fatal(h.err)
		}
		return h
	case <-time.After(time.Minute):
		t.Fatal("no message arrived")
		return hit{}
	}
}

// silent fails when a message arrived.
func (b *browser) silent(t *testing.T) {
	t.Helper()
	select {
	case h := <-b.hits:
		t.Errorf("a message arrived: %s", h.text)
	default:
	}
}

func (b *browser) endpoint() string { return b.URL + "/send/secret-capability" }
func (b *browser) p256dh() string   { return b64.EncodeToString(b.key.PublicKey().Bytes()) }
