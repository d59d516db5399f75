package reward

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// How members are named.
const (
	byCustomer = "customer"
	byNumber   = "number"
	byEmail    = "email"
)

// maxNumber is the longest number of a customer, in characters.
const maxNumber = 64

// name is what a merchant calls a member by.
type name struct{ kind, subject string }

// owner is a member of a merchant in a mode.
type owner struct {
	MerchantID string
	Livemode   bool
	MemberID   string
}

// member is who has points at a merchant.
type member struct {
	ID, MerchantID string
	Livemode       bool
	Kind, Subject  string
	// Balance is the sum of the ledger, of which Held is set aside.
	Balance, Held int64
	// Earned is what payments gave after all limits.
	Earned      int64
	Sequence    int64
	CreatedAt   time.Time
	ForgottenAt *time.Time
	// Expiring is how many points expire next, at ExpiringAt.
	Expiring   int64
	ExpiringAt *time.Time
}

// available is what the member can spend.
func (m *member) available() int64 { return max(m.Balance-m.Held, 0) }

func notFound() error { return errs.NotFound("Member") }

// hashed is the form in which an address is kept.
func hashed(email string) string {
	h := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(email))))
	return hex.EncodeToString(h[:])
}

// isHash reports whether text is a SHA-256 in lower-case hexadecimal.
func isHash(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == sha256.Size && text == strings.ToLower(text)
}

// isNumber reports whether text can be a merchant's number of a customer: one that is mistaken for nothing else.
func isNumber(text string) bool {
	return text != "" && utf8.RuneCountInString(text) <= maxNumber && strings.TrimSpace(text) == text && !strings.Contains(text, "@") &&
		!isHash(text) && !isID(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// nameOf reads who is meant by the text in a payment's metadata: an address, its hash, or a number; ok is false for none of them.
func nameOf(text string) (n name, ok bool) {
	switch {
	case strings.Contains(text, "@"):
		return name{byEmail, hashed(text)}, true
	case isHash(text):
		return name{byEmail, text}, true
	default:
		return name{byNumber, text}, isNumber(text)
	}
}

// enrol returns the merchant's member of that name. A new one gets what the rules give to new members.
func (s *Server) enrol(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool, n name, r rules, at time.Time) (id string, added bool, err error) {
	id, found, err := memberOf(ctx, tx, merchantID, livemode, n)
	if err != nil || found {
		return id, false, err
	}
	if id, added, err = insertMember(ctx, tx, merchantID, livemode, n, s.now()); err != nil {
		return "", false, err
	}
	if !added { // by another transaction, which has ended
		id, _, err = memberOf(ctx, tx, merchantID, livemode, n)
		return id, false, err
	}
	if r.GetWelcomePoints() == 0 || !r.GetActive() {
		return id, true, nil
	}
	c, err := s.lock(ctx, tx, owner{merchantID, livemode, id})
	if err != nil {
		return "", false, err
	}
	c.post(entry{Kind: welcome, Points: r.GetWelcomePoints(), Version: r.GetVersion(), At: at, ExpiresAt: r.expiry(at)})
	return id, true, c.commit(ctx, tx)
}

// CreateMember implements RewardsService.
func (s *Server) CreateMember(ctx context.Context, r *qrv1.CreateMemberRequest) (*qrv1.CreateMemberResponse, error) {
	hash := r.GetEmailSha256()
	if r.GetEmail() != "" && hash == "" {
		hash = hashed(r.GetEmail())
	}
	n, err := requestedName(r.GetCustomerNumber(), hash, true)
	if err != nil {
		return nil, err
	}
	res := &qrv1.CreateMemberResponse{}
	err = s.commit(ctx, func(tx pgx.Tx) error {
		program, err := s.program(ctx, tx, r.GetMerchantId(), r.GetLivemode())
		if err != nil {
			return err
		}
		id, added, err := s.enrol(ctx, tx, r.GetMerchantId(), r.GetLivemode(), n, program, s.now())
		if err != nil {
			return err
		}
		m, err := readMember(ctx, tx, owner{r.GetMerchantId(), r.GetLivemode(), id})
		if err != nil {
			return err
		}
		res.Member, res.Existed = m.view(), !added
		return nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// requestedName reads which member a request means: by one of the two, or, unless it is required, by none.
func requestedName(number, hash string, required bool) (name, error) {
	var bad refuse.Problems
	bad.If(number != "" && !isNumber(number), "customer_number",
		"must be one line of 1 to %d characters without @, which is neither a UUID nor a SHA-256", maxNumber)
	bad.If(hash != "" && !isHash(hash), "email_sha256", "must be the SHA-256 of the address in lower case, as 64 hexadecimal digits")
	bad.If(number != "" && hash != "", "customer_number", "cannot be combined with an email address")
	bad.If(required && number == "" && hash == "", "customer_number", "is required, or the customer's email address")
	if err := bad.Err(); err != nil {
		return name{}, err
	}
	switch {
	case number != "":
		return name{byNumber, number}, nil
	case hash != "":
		return name{byEmail, hash}, nil
	default:
		return name{}, nil
	}
}

// GetMember implements RewardsService.
func (s *Server) GetMember(ctx context.Context, r *qrv1.GetMemberRequest) (*qrv1.GetMemberResponse, error) {
	if !isID(r.GetId()) {
		return nil, notFound()
	}
	m, err := s.current(ctx, owner{r.GetMerchantId(), r.GetLivemode(), r.GetId()})
	if err != nil {
		return nil, err
	}
	return &qrv1.GetMemberResponse{Member: m.view()}, nil
}

// current reads a member after what has expired, and what a version before this one has written, is in its ledger.
func (s *Server) current(ctx context.Context, of owner) (m *member, err error) {
	if behind, err := isBehind(ctx, s.pool, of, s.now()); err != nil {
		return nil, err
	} else if !behind {
		return readMember(ctx, s.pool, of)
	}
	err = s.commit(ctx, func(tx pgx.Tx) error {
		c, err := s.lock(ctx, tx, of)
		if err != nil {
			return err
		}
		if c == nil {
			return notFound()
		}
		if err := c.commit(ctx, tx); err != nil {
			return err
		}
		m, err = readMember(ctx, tx, of)
		return err
	})
	return m, err
}

// ListMembers implements RewardsService.
func (s *Server) ListMembers(ctx context.Context, r *qrv1.ListMembersRequest) (*qrv1.ListMembersResponse, error) {
	n, err := requestedName(r.GetCustomerNumber(), r.GetEmailSha256(), false)
	if err != nil {
		return nil, err
	}
	limit, offset := page(r.GetPage(), r.GetLimit())
	var list []*member
	var total int64
	if n == (name{}) {
		list, total, err = listMembers(ctx, s.reads, r.GetMerchantId(), r.GetLivemode(), limit, offset)
	} else {
		list, err = membersNamed(ctx, s.pool, r.GetMerchantId(), r.GetLivemode(), n)
		total = int64(len(list))
		list = list[min(offset, total):]
	}
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListMembersResponse{Total: total}
	for _, m := range list {
		res.Members = append(res.Members, m.view())
	}
	return res, nil
}

// ForgetMember implements RewardsService.
func (s *Server) ForgetMember(ctx context.Context, r *qrv1.ForgetMemberRequest) (*qrv1.ForgetMemberResponse, error) {
	if !isID(r.GetId()) {
		return nil, notFound()
	}
	of := owner{r.GetMerchantId(), r.GetLivemode(), r.GetId()}
	res := &qrv1.ForgetMemberResponse{}
	err := s.commit(ctx, func(tx pgx.Tx) error {
		c, err := s.lock(ctx, tx, of)
		if err != nil {
			return err
		}
		if c == nil {
			return notFound()
		}
		if c.m.Kind == byCustomer {
			return errs.New(errs.InvalidState, "This member is a customer of the EU Pay app, who can delete the account there.")
		}
		if err := c.commit(ctx, tx); err != nil {
			return err
		}
		if err := forget(ctx, tx, r.GetId(), s.now()); err != nil {
			return err
		}
		m, err := readMember(ctx, tx, of)
		if err == nil {
			res.Member = m.view()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

func (m *member) view() *qrv1.RewardMember {
	v := &qrv1.RewardMember{
		Id: m.ID, Balance: m.Balance, Held: m.Held, CreatedAt: timestamppb.New(m.CreatedAt), ForgottenAt: stamp(m.ForgottenAt),
		ExpiringPoints: m.Expiring, ExpiringAt: stamp(m.ExpiringAt),
	}
	switch m.Kind {
	case byCustomer:
		v.CustomerId = m.Subject
	case byNumber:
		v.CustomerNumber = m.Subject
	default:
		v.EmailSha256 = m.Subject
	}
	return v
}

// stamp is nil for nil.
func stamp(at *time.Time) *timestamppb.Timestamp {
	if at == nil {
		return nil
	}
	return timestamppb.New(*at)
}
