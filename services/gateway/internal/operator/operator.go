// Package operator serves the operators' commands for the gateway over gRPC.
package operator

import (
	"context"
	"regexp"

	"european-pay.eu/eupay/internal/refuse"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

// Server implements OperatorService.
type Server struct {
	gatewayv1.UnimplementedOperatorServiceServer
	users *user.Users
	log   *audit.Log
}

// NewServer returns the service over the users and the audit log.
func NewServer(users *user.Users, log *audit.Log) *Server { return &Server{users: users, log: log} }

// CreateAdmin implements OperatorService.
func (s *Server) CreateAdmin(ctx context.Context, r *gatewayv1.CreateAdminRequest) (*gatewayv1.CreateAdminResponse, error) {
	before, err := s.users.CreateAdmin(ctx, user.NewAdmin{Email: r.GetEmail(), Password: r.GetPassword(), Another: r.GetAnother(), Check: r.GetDryRun()})
	if err != nil {
		return nil, err
	}
	return &gatewayv1.CreateAdminResponse{Admins: before}, nil
}

// sha256Shape is that of a hash in hexadecimal.
var sha256Shape = regexp.MustCompile(`^[0-9a-f]{64}$`)

// NoteErasure implements OperatorService.
func (s *Server) NoteErasure(ctx context.Context, r *gatewayv1.NoteErasureRequest) (*gatewayv1.NoteErasureResponse, error) {
	var bad refuse.Problems
	by := form.Cleaned(r.GetBy(), form.MaxName)
	bad.If(!sha256Shape.MatchString(r.GetSelectorSha256()), "selector_sha256", "must be a SHA-256 in hexadecimal")
	bad.If(r.GetMerchantId() != "" && !form.IsID(r.GetMerchantId()), "merchant_id", "must be the id of a merchant")
	form.Text(&bad, "by", by, 1, form.MaxName)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	e := audit.Erasure{Selector: r.GetSelectorSha256(), MerchantID: r.GetMerchantId(), By: by, Done: r.GetDone(), Rows: r.GetRows()}
	return &gatewayv1.NoteErasureResponse{}, s.log.NoteErasure(ctx, e)
}
