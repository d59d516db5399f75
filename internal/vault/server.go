package vault

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	keysv1 "european-pay.eu/eupay/proto/eupay/keys/v1"
)

// Server implements KeysService for the values that one vault has sealed in one schema.
type Server struct {
	keysv1.UnimplementedKeysServiceServer
	vault   *Vault
	pool    *pgxpool.Pool
	columns []Column
	log     *slog.Logger
}

// NewServer returns the service for the columns that v has sealed.
func NewServer(v *Vault, pool *pgxpool.Pool, log *slog.Logger, columns ...Column) *Server {
	return &Server{vault: v, pool: pool, columns: columns, log: log}
}

// Reseal implements KeysService.
func (s *Server) Reseal(ctx context.Context, _ *keysv1.ResealRequest) (*keysv1.ResealResponse, error) {
	n, err := s.vault.Reseal(ctx, s.pool, s.columns...)
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "secrets sealed with the current master key", "vault", s.vault.name, "count", n)
	return &keysv1.ResealResponse{Resealed: n}, nil
}
