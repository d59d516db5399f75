package account

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Server implements AccountsService.
type Server struct {
	paymentsv1.UnimplementedAccountsServiceServer
	accounts *Accounts
}

// NewServer returns a server for a.
func NewServer(a *Accounts) *Server { return &Server{accounts: a} }

// StartConnect implements AccountsService.
func (s *Server) StartConnect(ctx context.Context, r *paymentsv1.StartConnectRequest) (*paymentsv1.StartConnectResponse, error) {
	v, err := s.accounts.Start(ctx, r.GetCustomerId(), r.GetLivemode(), r.GetReturnUrl())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.StartConnectResponse{Id: v.ID, ConnectUrl: v.URL, ExpiresAt: timestamppb.New(v.Expires)}, nil
}

// CompleteConnect implements AccountsService.
func (s *Server) CompleteConnect(ctx context.Context, r *paymentsv1.CompleteConnectRequest) (*paymentsv1.CompleteConnectResponse, error) {
	o, err := s.accounts.Complete(ctx, Return{State: r.GetState(), ConnectionID: r.GetConnectionId(), Declined: r.GetDeclined()})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CompleteConnectResponse{Linked: o.Linked, ReturnUrl: o.ReturnURL, Code: o.Code}, nil
}

// ConfirmConnect implements AccountsService.
func (s *Server) ConfirmConnect(ctx context.Context, r *paymentsv1.ConfirmConnectRequest) (*paymentsv1.ConfirmConnectResponse, error) {
	if err := s.accounts.Confirm(ctx, r.GetCustomerId(), r.GetLivemode(), r.GetId(), r.GetCode()); err != nil {
		return nil, err
	}
	return &paymentsv1.ConfirmConnectResponse{}, nil
}

// ListAccounts implements AccountsService.
func (s *Server) ListAccounts(ctx context.Context, r *paymentsv1.ListAccountsRequest) (*paymentsv1.ListAccountsResponse, error) {
	list, err := s.accounts.List(ctx, r.GetCustomerId(), r.GetLivemode())
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.ListAccountsResponse{}
	for _, a := range list {
		out.Accounts = append(out.Accounts, &paymentsv1.BankAccount{
			Id: a.ID, BankName: a.BankName, Name: a.Name, IbanMasked: a.IBANMasked, Currency: a.Currency, LinkedAt: timestamppb.New(a.LinkedAt),
		})
	}
	return out, nil
}

// RemoveAccount implements AccountsService.
func (s *Server) RemoveAccount(ctx context.Context, r *paymentsv1.RemoveAccountRequest) (*paymentsv1.RemoveAccountResponse, error) {
	if err := s.accounts.Remove(ctx, r.GetCustomerId(), r.GetLivemode(), r.GetId()); err != nil {
		return nil, err
	}
	return &paymentsv1.RemoveAccountResponse{}, nil
}
