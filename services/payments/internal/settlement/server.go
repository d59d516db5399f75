package settlement

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Server implements SettlementService.
type Server struct {
	paymentsv1.UnimplementedSettlementServiceServer
	s *Settlement
}

// NewServer returns a server for s.
func NewServer(s *Settlement) *Server { return &Server{s: s} }

// StartReceiving implements SettlementService.
func (v *Server) StartReceiving(ctx context.Context, r *paymentsv1.StartReceivingRequest) (*paymentsv1.StartReceivingResponse, error) {
	visit, err := v.s.Start(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetAccountId())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.StartReceivingResponse{Id: visit.ID, ConnectUrl: visit.URL, ExpiresAt: timestamppb.New(visit.Expires)}, nil
}

// CompleteReceiving implements SettlementService.
func (v *Server) CompleteReceiving(ctx context.Context, r *paymentsv1.CompleteReceivingRequest) (*paymentsv1.CompleteReceivingResponse, error) {
	o, err := v.s.Complete(ctx, Return{State: r.GetState(), ConnectionID: r.GetConnectionId(), Declined: r.GetDeclined()})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CompleteReceivingResponse{Id: o.VisitID, Linked: o.Linked, Renewed: o.Renewed, Code: o.Code}, nil
}

// ConfirmReceiving implements SettlementService.
func (v *Server) ConfirmReceiving(ctx context.Context, r *paymentsv1.ConfirmReceivingRequest) (*paymentsv1.ConfirmReceivingResponse, error) {
	a, err := v.s.Confirm(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), r.GetCode())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.ConfirmReceivingResponse{Account: a.proto()}, nil
}

// ListReceiving implements SettlementService.
func (v *Server) ListReceiving(ctx context.Context, r *paymentsv1.ListReceivingRequest) (*paymentsv1.ListReceivingResponse, error) {
	list, err := v.s.Accounts(ctx, r.GetMerchantId(), r.GetLivemode())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.ListReceivingResponse{Accounts: column(list, Account.proto)}, nil
}

// RemoveReceiving implements SettlementService.
func (v *Server) RemoveReceiving(ctx context.Context, r *paymentsv1.RemoveReceivingRequest) (*paymentsv1.RemoveReceivingResponse, error) {
	return &paymentsv1.RemoveReceivingResponse{}, v.s.Remove(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
}

// NoteSync implements SettlementService.
func (v *Server) NoteSync(ctx context.Context, r *paymentsv1.NoteSyncRequest) (*paymentsv1.NoteSyncResponse, error) {
	return &paymentsv1.NoteSyncResponse{}, v.s.Hint(ctx, r.GetLivemode(), r.GetConnectionId())
}

// ListLines implements SettlementService.
func (v *Server) ListLines(ctx context.Context, r *paymentsv1.ListLinesRequest) (*paymentsv1.ListLinesResponse, error) {
	list, total, err := v.s.Lines(ctx, r.GetMerchantId(), r.GetLivemode(), Filter{
		State: r.GetState(), Reference: r.GetReference(), Page: int(r.GetPage()), Limit: int(r.GetLimit()),
	})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.ListLinesResponse{Lines: column(list, Line.proto), Total: total.Rows, TotalIsMinimum: total.Minimum}, nil
}

// GetLine implements SettlementService.
func (v *Server) GetLine(ctx context.Context, r *paymentsv1.GetLineRequest) (*paymentsv1.GetLineResponse, error) {
	l, steps, err := v.s.Line(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.GetLineResponse{Line: l.proto(), History: column(steps, func(s Step) *paymentsv1.LineStep {
		return &paymentsv1.LineStep{
			OccurredAt: timestamppb.New(s.At), What: s.What, Actor: s.Actor, Reference: s.Reference, AmountCents: int64(s.Cents), Rule: s.Rule, Note: s.Note,
		}
	})}, nil
}

// MatchLine implements SettlementService.
func (v *Server) MatchLine(ctx context.Context, r *paymentsv1.MatchLineRequest) (*paymentsv1.MatchLineResponse, error) {
	parts := column(r.GetParts(), func(p *paymentsv1.MatchLineRequest_Part) Part {
		return Part{p.GetReference(), money.Cents(p.GetAmountCents())}
	})
	if err := v.s.Match(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), parts, r.GetActor(), r.GetNote()); err != nil {
		return nil, err
	}
	l, _, err := v.s.Line(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.MatchLineResponse{Line: l.proto()}, nil
}

// UndoMatch implements SettlementService.
func (v *Server) UndoMatch(ctx context.Context, r *paymentsv1.UndoMatchRequest) (*paymentsv1.UndoMatchResponse, error) {
	id, err := v.s.Undo(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), r.GetActor(), r.GetNote())
	if err != nil {
		return nil, err
	}
	l, _, err := v.s.Line(ctx, r.GetMerchantId(), r.GetLivemode(), id)
	if err != nil {
		return nil, err
	}
	return &paymentsv1.UndoMatchResponse{Line: l.proto()}, nil
}

// ListUnsettled implements SettlementService.
func (v *Server) ListUnsettled(ctx context.Context, r *paymentsv1.ListUnsettledRequest) (*paymentsv1.ListUnsettledResponse, error) {
	list, total, err := v.s.Unsettled(ctx, r.GetMerchantId(), r.GetLivemode(), int(r.GetPage()), int(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &paymentsv1.ListUnsettledResponse{Total: total.Rows, TotalIsMinimum: total.Minimum, Payments: column(list, func(u Unsettled) *paymentsv1.UnsettledPayment {
		return &paymentsv1.UnsettledPayment{
			Reference: u.Reference, Kind: u.Kind, AmountCents: int64(u.Cents), MatchedCents: int64(u.Matched), ExpectedOn: day(u.On),
			MerchantReference: u.MerchantReference, Description: u.Description, UnsettledAt: payment.Stamp(u.At),
		}
	})}, nil
}

func (a Account) proto() *paymentsv1.ReceivingAccount {
	return &paymentsv1.ReceivingAccount{
		Id: a.ID, BankName: a.BankName, Name: a.Name, IbanMasked: a.IBANMasked, State: a.State, ConnectedAt: timestamppb.New(a.ConnectedAt),
		ConsentEndsAt: payment.Stamp(a.ConsentEnds), ReadAt: payment.Stamp(a.ReadAt),
	}
}

func (l Line) proto() *paymentsv1.BankLine {
	return &paymentsv1.BankLine{
		Id: l.ID, AccountId: l.AccountID, AmountCents: int64(l.Cents), MatchedCents: int64(l.Matched), BookedOn: day(l.On), State: l.State, Reason: l.Reason,
		Text: l.Text, CounterpartyName: l.Name, CounterpartyIban: l.IBAN, RecordedAt: timestamppb.New(l.RecordedAt), SubscriptionId: l.SubscriptionID,
		Matches: column(l.Matches, Matched.proto), Suggestions: column(l.Suggestions, Matched.proto),
	}
}

func (m Matched) proto() *paymentsv1.LineMatch {
	p := &paymentsv1.LineMatch{
		Id: m.ID, Reference: m.Reference, Kind: m.Kind, AmountCents: int64(m.Cents), Rule: string(m.Rule), Actor: m.Actor, CreatedAt: timestamppb.New(m.At),
		UndoneAt: payment.Stamp(m.UndoneAt), UndoneBy: m.UndoneBy,
	}
	for _, e := range m.Evidence {
		p.Evidence = append(p.Evidence, &paymentsv1.MatchEvidence{Kind: e.Kind, Value: e.Value})
	}
	return p
}
