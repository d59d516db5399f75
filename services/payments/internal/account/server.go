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

// NewServer returns the server over a.
func NewServer(a *Accounts) *Server { return &Server{accounts: a} }

// StartConnect implements AccountsService.
func (s *Server) StartConnect(ctx context.Context, r *paymentsv1.StartConnectRequest) (*paymentsv1.StartConnectResponse, error) {
	address, expires, err := s.accounts.Start(ctx, r.GetCustomerId(), r.GetLivemode(), r.GetReturnUrl())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.StartConnectResponse{ConnectUrl: address, ExpiresAt: timestamppb.New(expires)}, nil
}

// CompleteConnect implements AccountsService.
func (s *Server) CompleteConnect(ctx context.Context, r *paymentsv1.CompleteConnectRequest) (*paymentsv1.CompleteConnectResponse, error) {
	linked, returnURL, err := s.accounts.Complete(ctx, Return{State: r.GetState(), ConnectionID: r.GetConnectionId(), Declined: r.GetDeclined()})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CompleteConnectResponse{Linked: linked, ReturnUrl: returnURL}, nil
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
