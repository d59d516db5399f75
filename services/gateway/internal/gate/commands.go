package gate

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// free are the commands that move no money: they stop a payment, record that its money did not come, or have one read again. All
// others, including future ones, require a Pass.
var free = map[string]bool{command.CancelPayment: true, command.ConfirmNotReceived: true, command.ProviderUpdate: true}

// Commands is the gateway's only way to send commands. Handlers get it instead of a command.Client.
type Commands struct{ client *command.Client }

// NewCommands wraps the client.
func NewCommands(client *command.Client) *Commands { return &Commands{client} }

// Send is command.Client.Send for a command that the pass permits. A command for another merchant or mode is a bug: it is not
// sent, and the error is internal.
func (c *Commands) Send(ctx context.Context, pass Pass, subject string, payload proto.Message, meta command.Meta) (*command.Call, error) {
	if err := pass.admits(subject, payload); err != nil {
		return nil, err
	}
	return c.client.Send(ctx, subject, payload, meta)
}

// Post is command.Client.Post for the commands that move no money.
func (c *Commands) Post(ctx context.Context, subject string, payload proto.Message, meta command.Meta) error {
	if err := (Pass{}).admits(subject, payload); err != nil {
		return err
	}
	return c.client.Post(ctx, subject, payload, meta)
}

func (p Pass) admits(subject string, payload proto.Message) error {
	if free[subject] {
		return nil
	}
	of, ok := payload.(interface{ GetLivemode() bool })
	if !ok || !p.granted || of.GetLivemode() != p.livemode || !p.isOf(payload) {
		return fmt.Errorf("command %s for merchant %q (live %t) has no pass for it", subject, p.merchant.ID, p.livemode)
	}
	return nil
}

// isOf reports whether the command names only the merchant of the pass.
func (p Pass) isOf(payload proto.Message) bool {
	named := false
	if of, ok := payload.(interface{ GetMerchantId() string }); ok {
		if named = true; of.GetMerchantId() != p.merchant.ID {
			return false
		}
	}
	if of, ok := payload.(interface {
		GetMerchant() *paymentsv1.Merchant
	}); ok {
		if named = true; of.GetMerchant().GetId() != p.merchant.ID {
			return false
		}
	}
	return named
}
