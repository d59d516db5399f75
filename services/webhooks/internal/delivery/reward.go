package delivery

import (
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// errNoReward is for an event of points that says neither what happened to the ledger nor to a redemption.
var errNoReward = errors.New("it has neither a line nor a redemption")

func rewardMessage(e events.Event, c *eventsv1.RewardChanged) (Message, error) {
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	if c.GetEntry() == nil && c.GetRedemption() == nil {
		return Message{}, errNoReward
	}
	return Message{
		Reference: c.GetMember().GetId(), Sequence: c.GetSequence(), at: e.Time,
		data: func(string) any { return rewardBody(c) },
	}, nil
}

// rewardMember is whose points changed, and what they are then.
type rewardMember struct {
	MemberID       string `json:"member_id"`
	CustomerID     string `json:"customer_id,omitempty"`
	CustomerNumber string `json:"customer_number,omitempty"`
	EmailSHA256    string `json:"email_sha256,omitempty"`
}

type rewardBalance struct {
	Balance   int64 `json:"balance"`
	Held      int64 `json:"held"`
	Available int64 `json:"available"`
}

type rewardData struct {
	rewardMember
	EntryID   string `json:"entry_id"`
	Kind      string `json:"kind"`
	Points    int64  `json:"points"`
	Reference string `json:"reference,omitempty"`
	Reason    string `json:"reason,omitempty"`
	ExpiresAt string `json:"expires_at,omitempty"`
	rewardBalance
}

type redemptionData struct {
	rewardMember
	RedemptionID string      `json:"redemption_id"`
	Status       string      `json:"status"`
	Points       int64       `json:"points"`
	Amount       money.Cents `json:"amount"`
	Reference    string      `json:"reference,omitempty"`
	rewardBalance
}

// rewardBody is about the redemption if the event has one.
func rewardBody(c *eventsv1.RewardChanged) any {
	m := c.GetMember()
	who := rewardMember{m.GetId(), m.GetCustomerId(), m.GetCustomerNumber(), m.GetEmailSha256()}
	then := rewardBalance{m.GetBalance(), m.GetHeld(), max(m.GetBalance()-m.GetHeld(), 0)}
	if r := c.GetRedemption(); r != nil {
		return redemptionData{who, r.GetId(), r.GetStatus(), r.GetPoints(), money.Cents(r.GetAmountCents()), r.GetReference(), then}
	}
	e := c.GetEntry()
	return rewardData{who, e.GetId(), e.GetKind(), e.GetPoints(), e.GetReference(), e.GetReason(), optionalTime(e.GetExpiresAt()), then}
}

// optionalTime is empty for no time.
func optionalTime(at *timestamppb.Timestamp) string {
	if at == nil {
		return ""
	}
	return at.AsTime().UTC().Format(time.RFC3339)
}
