package push

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

const (
	// testTimeout is the deadline of a test message, for which the caller waits.
	testTimeout = 4 * time.Second
	// testTTL is how long a push service keeps a test message for a browser that is offline.
	testTTL = time.Minute
)

// Server implements PushService.
type Server struct {
	webhooksv1.UnimplementedPushServiceServer

	db      *pgxpool.Pool
	vault   *secret.Vault
	rules   endpoint.Rules
	courier courier
	now     func() time.Time
	// testing holds the merchants with a test message in progress.
	testing sync.Map
}

var errOff = errs.New(errs.Unavailable, "Push notifications are not set up on this platform.")

func checkOwner(merchant, user string) error {
	for _, id := range []struct{ field, value string }{{"merchant_id", merchant}, {"user_id", user}} {
		if id.value == "" || len(id.value) > 100 || strings.ContainsRune(id.value, 0) {
			return errs.Invalid(errs.Field{Field: id.field, Message: id.field + " is required."})
		}
	}
	return nil
}

// GetPushKey implements PushService.
func (s *Server) GetPushKey(context.Context, *webhooksv1.GetPushKeyRequest) (*webhooksv1.GetPushKeyResponse, error) {
	if s.courier.key == nil {
		return nil, errOff
	}
	return &webhooksv1.GetPushKeyResponse{PublicKey: s.courier.key.public}, nil
}

// Subscribe implements PushService.
func (s *Server) Subscribe(ctx context.Context, r *webhooksv1.SubscribeRequest) (*webhooksv1.SubscribeResponse, error) {
	if s.courier.key == nil {
		return nil, errOff
	}
	if err := checkOwner(r.GetMerchantId(), r.GetUserId()); err != nil {
		return nil, err
	}
	t := target{Endpoint: r.GetEndpoint(), P256dh: r.GetP256Dh(), Auth: r.GetAuth()}
	bad := append(check(s.rules, t, r.GetDescription()), checkChoice(r.GetEventTypes(), r.GetLanguage())...)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	sub := subscription{
		ID: uuid.Must(uuid.NewV7()).String(), Merchant: r.GetMerchantId(), User: r.GetUserId(), Livemode: r.GetLivemode(),
		Service: t.service(), Description: r.GetDescription(), Kinds: tidy(r.GetEventTypes()), Language: r.GetLanguage(), CreatedAt: s.now(),
	}
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		var err error
		sub, err = subscribe(ctx, tx, sub, t.hash(), func(known *subscription) error {
			var err error
			known.Sealed, err = known.seal(s.vault, t)
			return err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &webhooksv1.SubscribeResponse{Subscription: view(sub)}, nil
}

// ListSubscriptions implements PushService.
func (s *Server) ListSubscriptions(ctx context.Context, r *webhooksv1.ListSubscriptionsRequest) (*webhooksv1.ListSubscriptionsResponse, error) {
	if err := checkOwner(r.GetMerchantId(), r.GetUserId()); err != nil {
		return nil, err
	}
	found, err := list(ctx, s.db, r.GetMerchantId(), r.GetUserId())
	if err != nil {
		return nil, err
	}
	resp := &webhooksv1.ListSubscriptionsResponse{}
	for _, sub := range found {
		resp.Subscriptions = append(resp.Subscriptions, view(sub))
	}
	return resp, nil
}

// UpdateSubscription implements PushService.
func (s *Server) UpdateSubscription(ctx context.Context, r *webhooksv1.UpdateSubscriptionRequest) (*webhooksv1.UpdateSubscriptionResponse, error) {
	if err := checkOwner(r.GetMerchantId(), r.GetUserId()); err != nil {
		return nil, err
	}
	if err := checkChoice(r.GetEventTypes(), r.GetLanguage()).Err(); err != nil {
		return nil, err
	}
	sub, err := choose(ctx, s.db, r.GetMerchantId(), r.GetUserId(), r.GetId(), tidy(r.GetEventTypes()), r.GetLanguage())
	if err != nil {
		return nil, err
	}
	return &webhooksv1.UpdateSubscriptionResponse{Subscription: view(sub)}, nil
}

// Unsubscribe implements PushService.
func (s *Server) Unsubscribe(ctx context.Context, r *webhooksv1.UnsubscribeRequest) (*webhooksv1.UnsubscribeResponse, error) {
	if err := checkOwner(r.GetMerchantId(), r.GetUserId()); err != nil {
		return nil, err
	}
	if err := unsubscribe(ctx, s.db, r.GetMerchantId(), r.GetUserId(), r.GetId()); err != nil {
		return nil, err
	}
	return &webhooksv1.UnsubscribeResponse{}, nil
}

// TestSubscription implements PushService. Each merchant has at most one test in progress, so that a server which never answers
// cannot exhaust resources.
func (s *Server) TestSubscription(ctx context.Context, r *webhooksv1.TestSubscriptionRequest) (*webhooksv1.TestSubscriptionResponse, error) {
	if s.courier.key == nil {
		return nil, errOff
	}
	if err := checkOwner(r.GetMerchantId(), r.GetUserId()); err != nil {
		return nil, err
	}
	if _, running := s.testing.LoadOrStore(r.GetMerchantId(), true); running {
		busy := errs.New(errs.RateLimitExceeded, "A test message is already being sent. Repeat the request in a moment.")
		busy.RetryAfter = testTimeout
		return nil, busy
	}
	defer s.testing.Delete(r.GetMerchantId())
	sub, err := get(ctx, s.db, r.GetMerchantId(), r.GetUserId(), r.GetId())
	if err != nil {
		return nil, err
	}
	outcome, err := s.sendTest(ctx, sub)
	if err != nil {
		return nil, err
	}
	return &webhooksv1.TestSubscriptionResponse{Result: outcome}, nil
}

func (s *Server) sendTest(ctx context.Context, sub subscription) (string, error) {
	t, err := sub.open(s.vault)
	if err != nil {
		return "", err
	}
	text, err := testMessage(sub.Language, s.now())
	if err != nil {
		return "", err
	}
	sending, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	r := s.courier.send(sending, t, text, testTTL)
	switch r.outcome {
	case outcomeSent:
		return r.outcome, recordDelivery(ctx, s.db, sub.ID, s.now())
	case outcomeGone:
		return r.outcome, deleteSubscription(ctx, s.db, sub.ID)
	default:
		return r.outcome, nil
	}
}

func view(s subscription) *webhooksv1.PushSubscription {
	out := &webhooksv1.PushSubscription{
		Id: s.ID, PushService: s.Service, Description: s.Description, Livemode: s.Livemode, CreatedAt: timestamppb.New(s.CreatedAt),
		EventTypes: s.Kinds, Language: s.Language,
	}
	if s.LastDelivered != nil {
		out.LastDeliveredAt = timestamppb.New(*s.LastDelivered)
	}
	return out
}
