package account

import (
	"context"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Operator implements OperatorService.
type Operator struct {
	paymentsv1.UnimplementedOperatorServiceServer
	accounts *Accounts
}

// NewOperator returns the service over the accounts.
func NewOperator(a *Accounts) *Operator { return &Operator{accounts: a} }

// ResealSecrets implements OperatorService.
func (o *Operator) ResealSecrets(ctx context.Context, _ *paymentsv1.ResealSecretsRequest) (*paymentsv1.ResealSecretsResponse, error) {
	n, err := o.accounts.Reseal(ctx)
	if err != nil {
		return nil, err
	}
	o.accounts.log.InfoContext(ctx, "secrets sealed with the current master key", "count", n)
	return &paymentsv1.ResealSecretsResponse{Resealed: n}, nil
}
