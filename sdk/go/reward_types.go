package eupay

import "time"

// RewardProgramParams are the rules by which payments earn points.
type RewardProgramParams struct {
	// Active is nil for true.
	Active *bool `json:"active,omitempty"`
	// PointsPerEuro has two decimals, like an amount: 150 is one and a half points for each whole euro.
	PointsPerEuro Amount `json:"points_per_euro"`
	// MinimumAmount: payments of which less is left earn nothing.
	MinimumAmount Amount `json:"minimum_amount,omitzero"`
	// The most that a payment earns, a member in a day in Paris, and a member altogether; 0: no limit.
	MaxPointsPerPayment int `json:"max_points_per_payment,omitzero"`
	MaxPointsPerDay     int `json:"max_points_per_day,omitzero"`
	MaxPointsPerMember  int `json:"max_points_per_member,omitzero"`
	// Schedule is when payments earn points; nil: always.
	Schedule *RewardSchedule `json:"schedule,omitempty"`
	// Products (by their ids) and Categories, in payments of orders; both empty: everything.
	Products   []string `json:"products,omitempty"`
	Categories []string `json:"categories,omitempty"`
	// Multipliers: the highest that applies counts.
	Multipliers []RewardMultiplier `json:"multipliers,omitempty"`
	// WelcomePoints are for new members.
	WelcomePoints int `json:"welcome_points,omitzero"`
	// ValidityMonths is after how many months points expire; 0: they never expire.
	ValidityMonths int `json:"validity_months,omitzero"`
	// PointValue is what a point is worth in euros when it is redeemed; 0: points are redeemed by their number only.
	PointValue Amount `json:"point_value,omitzero"`
}

// RewardSchedule is a part of the week in Paris.
type RewardSchedule struct {
	// Weekdays are mon to sun; empty: every day.
	Weekdays []string `json:"weekdays,omitempty"`
	// From and Until are HH:MM; both empty: the whole day. Until before From is on the next day.
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`
}

// RewardMultiplier multiplies the points of some payments, or of some products.
type RewardMultiplier struct {
	// Multiplier has two decimals, like an amount: 200 doubles.
	Multiplier Amount          `json:"multiplier"`
	Schedule   *RewardSchedule `json:"schedule,omitempty"`
	Products   []string        `json:"products,omitempty"`
	Categories []string        `json:"categories,omitempty"`
}

// RewardProgram is a version of the rules.
type RewardProgram struct {
	// Version counts your changes; 0 is the default program.
	Version             int                `json:"version"`
	Active              bool               `json:"active"`
	PointsPerEuro       Amount             `json:"points_per_euro"`
	MinimumAmount       Amount             `json:"minimum_amount"`
	MaxPointsPerPayment int                `json:"max_points_per_payment"`
	MaxPointsPerDay     int                `json:"max_points_per_day"`
	MaxPointsPerMember  int                `json:"max_points_per_member"`
	Schedule            *RewardSchedule    `json:"schedule"`
	Products            []string           `json:"products"`
	Categories          []string           `json:"categories"`
	Multipliers         []RewardMultiplier `json:"multipliers"`
	WelcomePoints       int                `json:"welcome_points"`
	ValidityMonths      int                `json:"validity_months"`
	PointValue          Amount             `json:"point_value"`
	// ChangedBy is key: or user: and an id; empty for the default program, as ChangedAt.
	ChangedBy string    `json:"changed_by"`
	ChangedAt time.Time `json:"changed_at"`
}

// RewardMemberParams name a customer, by one of the three.
type RewardMemberParams struct {
	// CustomerNumber is your own.
	CustomerNumber string `json:"customer_number,omitempty"`
	// Of Email only the hash is kept; EmailSHA256 is that hash.
	Email       string `json:"email,omitempty"`
	EmailSHA256 string `json:"email_sha256,omitempty"`
}

// RewardMember is a customer who has points with you.
type RewardMember struct {
	ID string `json:"id"`
	// One of the three is there, until the member is forgotten. CustomerID is a customer of the app.
	CustomerID     string `json:"customer_id"`
	CustomerNumber string `json:"customer_number"`
	EmailSHA256    string `json:"email_sha256"`
	// Balance is the sum of the ledger. Below 0: points were taken back that had been used.
	Balance int `json:"balance"`
	// Held is set aside by redemptions, Available can be redeemed now.
	Held      int `json:"held"`
	Available int `json:"available"`
	// ExpiringPoints expire next, at ExpiringAt.
	ExpiringPoints int       `json:"expiring_points"`
	ExpiringAt     time.Time `json:"expiring_at"`
	CreatedAt      time.Time `json:"created_at"`
	ForgottenAt    time.Time `json:"forgotten_at"`
	// Replayed: it was a member before.
	Replayed bool `json:"-"`
}

// RewardEntryKind is why points were given or taken.
type RewardEntryKind string

// The values of RewardEntryKind.
const (
	PointsEarned    RewardEntryKind = "earned"
	PointsWelcome   RewardEntryKind = "welcome"
	PointsTakenBack RewardEntryKind = "taken_back"
	PointsRedeemed  RewardEntryKind = "redeemed"
	PointsExpired   RewardEntryKind = "expired"
	PointsAdjusted  RewardEntryKind = "adjusted"
)

// RewardEntry is a line of the ledger. It never changes.
type RewardEntry struct {
	ID       string          `json:"id"`
	MemberID string          `json:"member_id"`
	Kind     RewardEntryKind `json:"kind"`
	// Points are below 0 when they were taken. Balance is that after this line.
	Points  int `json:"points"`
	Balance int `json:"balance"`
	// Reference is the payment.
	Reference    string `json:"reference"`
	RedemptionID string `json:"redemption_id"`
	// Reason and Actor are of what you did by hand, or redeemed.
	Reason         string    `json:"reason"`
	Actor          string    `json:"actor"`
	ProgramVersion int       `json:"program_version"`
	ExpiresAt      time.Time `json:"expires_at"`
	OccurredAt     time.Time `json:"occurred_at"`
	// Replayed: an earlier request with the IdempotencyKey made it.
	Replayed bool `json:"-"`
}

// RewardAdjustmentParams are points to give, or to take when they are below 0.
type RewardAdjustmentParams struct {
	Points int    `json:"points"`
	Reason string `json:"reason"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// RedemptionStatus is the state of a redemption.
type RedemptionStatus string

// The values of RedemptionStatus.
const (
	RedemptionHeld     RedemptionStatus = "held"
	RedemptionCaptured RedemptionStatus = "captured"
	RedemptionReleased RedemptionStatus = "released"
	RedemptionExpired  RedemptionStatus = "expired"
)

// RedemptionParams are points to set aside.
type RedemptionParams struct {
	MemberID string `json:"member_id"`
	// Points, or the Amount that they are to cover.
	Points int    `json:"points,omitzero"`
	Amount Amount `json:"amount,omitzero"`
	// Reference is your own, such as the number of a receipt.
	Reference string `json:"reference,omitempty"`
	// ExpiresInSeconds is when the hold ends by itself; 0: after 15 minutes.
	ExpiresInSeconds int `json:"expires_in_seconds,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// Redemption is points that are set aside or were spent.
type Redemption struct {
	ID       string           `json:"id"`
	MemberID string           `json:"member_id"`
	Status   RedemptionStatus `json:"status"`
	Points   int              `json:"points"`
	// Amount is what they are worth; 0: your program has no PointValue.
	Amount    Amount    `json:"amount"`
	Reference string    `json:"reference"`
	Actor     string    `json:"actor"`
	ExpiresAt time.Time `json:"expires_at"`
	CreatedAt time.Time `json:"created_at"`
	EndedAt   time.Time `json:"ended_at"`
	// Replayed: an earlier request with the IdempotencyKey made it.
	Replayed bool `json:"-"`
}
