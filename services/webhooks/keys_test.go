package webhooks

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"testing"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/boot"
	keysv1 "european-pay.eu/eupay/proto/eupay/keys/v1"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// TestTheMasterKeyIsReplacedWhileWebhooksFlow: first beside the one before, then everything is sealed anew, then alone.
func TestTheMasterKeyIsReplacedWhileWebhooksFlow(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	_, secret := f.endpoint(s.URL)
	n := 0
	arrives := func(when string) {
		t.Helper()
		n++
		f.publish(f.completed(n))
		h := s.next(t)
		if err := referenced(t, secret, h.header, h.body, f.clock.Now()); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	arrives("before")
	first, second := f.cfg.MasterKey, hex.EncodeToString(bytes.Repeat([]byte{9}, 32))
	f.stop()
	f.cfg.MasterKey, f.cfg.OldMasterKeys = second, []string{first}
	f.start()
	arrives("with the new key beside the old one")
	conn, err := boot.Dial(identitytest.Load(t, identity.Operator), identity.Webhooks, f.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r, err := keysv1.NewKeysServiceClient(conn).Reseal(t.Context(), &keysv1.ResealRequest{})
	if err != nil || r.GetResealed() != 1 {
		t.Fatalf("sealed anew: %v, %v", r, err)
	}
	arrives("sealed anew")
	f.stop()
	f.cfg.OldMasterKeys = nil
	f.start()
	arrives("with the new key alone")
}

// TestEverySealedColumnIsSealedAnew with a new master key.
func TestEverySealedColumnIsSealedAnew(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "webhooks", migrations.Files)
	vaulttest.KnowsAll(t, pool, sealed())
}
