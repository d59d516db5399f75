package apikey

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

// The clocks stand still, so only the broadcast can make the other replica forget.
func TestChangesAreSeenAtOnceByOtherReplicas(t *testing.T) {
	t.Parallel()
	a := setup(t)
	b := a.replica(t)
	m := a.merchant(t, "shop@example.com")
	key, secret := a.key(t, m.ID)
	mustAuthenticate(t, a, key, secret)
	mustAuthenticate(t, b, key, secret)

	if _, err := a.Merchants.Enable(t.Context(), "user:admin", m.ID, true, nil); err != nil {
		t.Fatal(err)
	}
	if !mustAuthenticate(t, a, key, secret).Merchant.GatewayEnabled {
		t.Fatal("this replica still has the gateway disabled")
	}
	roomtest.Eventually(t, "other replica sees the gateway enabled", func() bool { return mustAuthenticate(t, b, key, secret).Merchant.GatewayEnabled })

	if _, err := a.Keys.Update(t.Context(), "user:x", m.ID, key.ID, Change{Scopes: &[]rights.Scope{rights.PaymentsRead}}); err != nil {
		t.Fatal(err)
	}
	roomtest.Eventually(t, "other replica sees the scopes", func() bool { return !mustAuthenticate(t, b, key, secret).Has(rights.PaymentsWrite) })

	_, renewed, err := a.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if authenticates(t, a, key, secret)() {
		t.Fatal("the old secret still works here")
	}
	roomtest.Eventually(t, "other replica refuses the old secret", func() bool { return !authenticates(t, b, key, secret)() })
	mustAuthenticate(t, b, key, renewed)

	if err := a.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	if authenticates(t, a, key, renewed)() {
		t.Fatal("the revoked key still works here")
	}
	roomtest.Eventually(t, "other replica refuses the revoked key", func() bool { return !authenticates(t, b, key, renewed)() })
}

// A replica that was cut off must not go on with what it knew before.
func TestReconnectForgetsEverything(t *testing.T) {
	t.Parallel()
	f := setup(t)
	nc, err := nats.Connect(natstest.Server(t).URL(), bus.Secure(identitytest.Load(t, identity.Gateway))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	cut := &fixture{World: f.World, bus: &bus.Bus{NC: nc}}
	cut.open(t) // on another broker: it hears nothing of what f does
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, cut, key, secret)
	if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	if !authenticates(t, cut, key, secret)() {
		t.Fatal("the test proves nothing: the replica heard of the change")
	}
	if err := cut.bus.NC.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	roomtest.Eventually(t, "replica forgets on reconnect", func() bool { return !authenticates(t, cut, key, secret)() })
	roomtest.Eventually(t, "replica hears again", func() bool { return !cut.Keys.notify.deaf.Load() })
}

// Between the reconnect and the proof that the subscription is back, a change may have been missed.
func TestWhatWasLearntWhileDeafIsForgotten(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	f.Keys.notify.deaf.Store(true)
	mustAuthenticate(t, f, key, secret)
	f.Keys.notify.listen()
	if f.Keys.cache.get(key.Public).believed(f.Clock.Now()) || f.Keys.notify.deaf.Load() {
		t.Fatal("kept")
	}
}

func TestKeyIsTrustedOnlyBrieflyWhileDeaf(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	f.Keys.notify.deaf.Store(true)
	mustAuthenticate(t, f, key, secret)
	if _, err := f.Pool.Exec(t.Context(), `update api_keys set revoked_at = now()`); err != nil {
		t.Fatal(err)
	}
	if !authenticates(t, f, key, secret)() {
		t.Fatal("not remembered at all")
	}
	f.Clock.Advance(trustDeaf)
	if authenticates(t, f, key, secret)() {
		t.Fatal("still trusted")
	}
}

func TestLostBroadcastIsMadeGoodWithinAMinute(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	if _, err := f.Pool.Exec(t.Context(), `delete from api_key_secrets`); err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(trust - time.Second)
	mustAuthenticate(t, f, key, secret)
	f.Clock.Advance(time.Second)
	if authenticates(t, f, key, secret)() {
		t.Fatal("a secret that is gone still works")
	}
}
