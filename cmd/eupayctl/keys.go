package main

import (
	"fmt"

	"european-pay.eu/eupay/internal/identity"
	keysv1 "european-pay.eu/eupay/proto/eupay/keys/v1"
)

type keysRotateCommand struct {
	Do bool `name:"run" help:"Do it. Without this it is only told what would be done."`
}

// Help is shown under the summary.
func (*keysRotateCommand) Help() string {
	return "Seals with the current master keys what earlier ones have sealed: second factors (gateway), webhook secrets and push subscriptions (webhooks), " +
		"linked bank accounts, payers' account numbers and the provider's answers (payments). First roll the services out with the new key added to " +
		"EUPAY_OLD_JWT_SECRETS, EUPAY_WEBHOOK_OLD_MASTER_KEYS or EUPAY_OLD_CONNECTIONS_KEYS, so that every replica can open what it seals; then with the " +
		"new key as EUPAY_JWT_SECRET, EUPAY_WEBHOOK_MASTER_KEY or EUPAY_CONNECTIONS_KEY, and the one before in its place. " +
		"When this command has ended well, the old keys are not needed any more. It may be run again, while everything runs."
}

// holder of sealed secrets.
type holder struct {
	name, setting, usual string
}

var holders = []holder{
	{identity.Gateway, gatewayAddr, usualGateway},
	{identity.Webhooks, "EUPAY_WEBHOOKS_ADDR", "127.0.0.1:9102"},
	{identity.Payments, paymentsAddr, usualPayments},
}

// Run seals everything again.
func (c *keysRotateCommand) Run(t *tool) error {
	if !c.Do {
		t.say("All secrets of gateway, webhooks and payments that an earlier master key has sealed would be sealed with the current one.")
		t.say("Nothing was changed. To do it, add --run.")
		return nil
	}
	for _, h := range holders {
		if err := h.run(t); err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
	}
	return nil
}

// run has no deadline: there may be millions of secrets.
func (h holder) run(t *tool) error {
	conn, done, err := t.service(h.name, h.setting, h.usual)
	if err != nil {
		return err
	}
	defer done()
	r, err := keysv1.NewKeysServiceClient(conn).Reseal(t.ctx, &keysv1.ResealRequest{})
	if err != nil {
		return answered(err, h.name, h.setting)
	}
	t.say("%s: %d secrets were sealed anew.", h.name, r.GetResealed())
	return nil
}
