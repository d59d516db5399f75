// Package operator serves the operators' commands for the gateway over gRPC.
package operator

import (
	"context"

	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

// Server implements OperatorService.
type Server struct {
	gatewayv1.UnimplementedOperatorServiceServer
	users *user.Users
}

// NewServer returns the service over the users.
func NewServer(users *user.Users) *Server { return &Server{users: users} }

// CreateAdmin implements OperatorService.
func (s *Server) CreateAdmin(ctx context.Context, r *gatewayv1.CreateAdminRequest) (*gatewayv1.CreateAdminResponse, error) {
	before, err := s.users.CreateAdmin(ctx, user.NewAdmin{Email: r.GetEmail(), Password: r.GetPassword(), Another: r.GetAnother(), Check: r.GetDryRun()})
	if err != nil {
		return nil, err
	}
	return &gatewayv1.CreateAdminResponse{Admins: before}, nil
}
