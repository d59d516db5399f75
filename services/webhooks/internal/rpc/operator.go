package rpc

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/vault"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/push"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// Operator implements OperatorService.
type Operator struct {
	webhooksv1.UnimplementedOperatorServiceServer
	pool  *pgxpool.Pool
	vault *secret.Vault
	log   *slog.Logger
}

// NewOperator returns the service over the secrets of endpoints and push subscriptions.
func NewOperator(pool *pgxpool.Pool, v *secret.Vault, log *slog.Logger) *Operator {
	return &Operator{pool: pool, vault: v, log: log}
}

// ResealSecrets implements OperatorService.
func (o *Operator) ResealSecrets(ctx context.Context, _ *webhooksv1.ResealSecretsRequest) (*webhooksv1.ResealSecretsResponse, error) {
	of := []string{"merchant_id"}
	endpoints := func(of []string) string { return endpoint.SealOwner(of[1], of[0]) }
	subscriptions := func(of []string) string { return push.SealOwner(of[1], of[0]) }
	n, err := o.vault.Reseal(ctx, o.pool,
		vault.Column{Table: "endpoints", Key: []string{"id"}, Of: of, KeyID: "key_id", Data: "secret", Owner: endpoints},
		vault.Column{Table: "endpoints", Key: []string{"id"}, Of: of, KeyID: "old_key_id", Data: "old_secret", Owner: endpoints},
		vault.Column{Table: "push_subscriptions", Key: []string{"id"}, Of: of, KeyID: "key_id", Data: "sealed", Owner: subscriptions},
	)
	if err != nil {
		return nil, err
	}
	o.log.InfoContext(ctx, "secrets sealed with the current master key", "count", n)
	return &webhooksv1.ResealSecretsResponse{Resealed: n}, nil
}
