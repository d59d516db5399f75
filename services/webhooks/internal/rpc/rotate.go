package rpc

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// maxOverlap is the longest time for which an old secret signs alongside the new one.
const maxOverlap = 7 * 24 * 60 * 60

// RotateSecret implements WebhooksService. During a rotation only one without overlap is possible: with a third secret, servers
// that still have the first one would get no signature that they can verify.
func (s *Server) RotateSecret(ctx context.Context, r *webhooksv1.RotateSecretRequest) (*webhooksv1.RotateSecretResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	if r.GetOverlapSeconds() < 0 || r.GetOverlapSeconds() > maxOverlap {
		return nil, errs.Invalid(errs.Field{Field: "overlap_seconds", Message: "overlap_seconds must be from 0 to 604800."})
	}
	plain := secret.New()
	e, err := s.endpoints.Change(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), func(e *endpoint.Endpoint) error {
		old, until := secret.Sealed{}, time.Time{}
		if r.GetOverlapSeconds() > 0 {
			if e.Rotating(s.now()) {
				return errs.New(errs.InvalidState, "The previous secret is still valid. Promote the new secret first, or rotate with "+
					"overlap_seconds 0 to replace both at once.")
			}
			old, until = e.Secret, s.now().Add(time.Duration(r.GetOverlapSeconds())*time.Second)
		}
		e.Old, e.OldUntil = old, until
		e.Secret = s.vault.Seal(plain, endpoint.SealOwner(e.Merchant, e.ID))
		e.UpdatedAt = s.touch(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	view, err := s.view(ctx, e)
	return &webhooksv1.RotateSecretResponse{Endpoint: view, Secret: plain}, err
}

// PromoteSecret implements WebhooksService. Without a rotation in progress it does nothing.
func (s *Server) PromoteSecret(ctx context.Context, r *webhooksv1.PromoteSecretRequest) (*webhooksv1.PromoteSecretResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	e, err := s.endpoints.Change(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), func(e *endpoint.Endpoint) error {
		if e.Old.Data != nil {
			e.Old, e.OldUntil = secret.Sealed{}, time.Time{}
			e.UpdatedAt = s.touch(e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	view, err := s.view(ctx, e)
	return &webhooksv1.PromoteSecretResponse{Endpoint: view}, err
}
