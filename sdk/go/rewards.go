package eupay

import (
	"context"
	"iter"
	"net/http"
)

// Rewards are the points of your customers.
type Rewards struct{ c *caller }

const (
	rewardProgramPath = "/rewards/program"
	rewardMembersPath = "/rewards/members"
	rewardMemberPath  = rewardMembersPath + "/{}"
	redemptionsPath   = "/rewards/redemptions"
	redemptionPath    = redemptionsPath + "/{}"
)

// Program reads the rules in force. Version 0 is the default program, before you set any.
func (s Rewards) Program(ctx context.Context) (*RewardProgram, error) {
	return get[RewardProgram](ctx, s.c, call{method: http.MethodGet, path: rewardProgramPath, moded: true, wrapped: true})
}

// SetProgram sets the rules for payments that are completed from now on: all of them, what is empty too.
func (s Rewards) SetProgram(ctx context.Context, p RewardProgramParams) (*RewardProgram, error) {
	return get[RewardProgram](ctx, s.c, call{method: http.MethodPut, path: rewardProgramPath, body: p, moded: true, wrapped: true})
}

func (s Rewards) versions(p ListParams) listing[RewardProgram] {
	return listing[RewardProgram]{s.c, call{path: rewardProgramPath + "/versions", query: p.query(), moded: true}, nil}
}

// ProgramVersions reads one page of the rules that you have set, the newest first.
func (s Rewards) ProgramVersions(ctx context.Context, p ListParams) (*Page[RewardProgram], error) {
	return s.versions(p).page(ctx)
}

// AddMember makes a customer a member. One that you have already is returned, with Replayed set.
func (s Rewards) AddMember(ctx context.Context, p RewardMemberParams) (*RewardMember, error) {
	v, a, err := ask[RewardMember](ctx, s.c, call{method: http.MethodPost, path: rewardMembersPath, body: p, moded: true, wrapped: true})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Member reads a member with the balance.
func (s Rewards) Member(ctx context.Context, id string) (*RewardMember, error) {
	return get[RewardMember](ctx, s.c, call{method: http.MethodGet, path: rewardMemberPath, ids: []string{id}, moded: true, wrapped: true})
}

// Forget deletes what identifies a member. The ledger stays.
func (s Rewards) Forget(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: rewardMemberPath, ids: []string{id}, moded: true})
}

// RewardMemberListParams choose members. What is empty chooses nothing.
type RewardMemberListParams struct {
	ListParams
	// CustomerNumber is your own; EmailSHA256 is that of the address in lower case.
	CustomerNumber, EmailSHA256 string
}

func (s Rewards) memberListing(p RewardMemberListParams) listing[RewardMember] {
	q := p.query()
	q.text("customer_number", p.CustomerNumber)
	q.text("email_sha256", p.EmailSHA256)
	return listing[RewardMember]{s.c, call{path: rewardMembersPath, query: q, moded: true}, nil}
}

// Members reads one page of the members, the newest first.
func (s Rewards) Members(ctx context.Context, p RewardMemberListParams) (*Page[RewardMember], error) {
	return s.memberListing(p).page(ctx)
}

// AllMembers reads the members to their end, the newest first.
func (s Rewards) AllMembers(ctx context.Context, p RewardMemberListParams) iter.Seq2[RewardMember, error] {
	return s.memberListing(p).all(ctx)
}

func (s Rewards) entryListing(member string, p ListParams) listing[RewardEntry] {
	return listing[RewardEntry]{s.c, call{path: rewardMemberPath + "/entries", ids: []string{member}, query: p.query(), moded: true}, nil}
}

// Entries reads one page of a member's statement, the newest line first.
func (s Rewards) Entries(ctx context.Context, member string, p ListParams) (*Page[RewardEntry], error) {
	return s.entryListing(member, p).page(ctx)
}

// AllEntries reads a member's statement to its end, the newest line first.
func (s Rewards) AllEntries(ctx context.Context, member string, p ListParams) iter.Seq2[RewardEntry, error] {
	return s.entryListing(member, p).all(ctx)
}

// Adjust gives a member points, or takes some. With an IdempotencyKey that was used it returns that entry, with Replayed set.
func (s Rewards) Adjust(ctx context.Context, member string, p RewardAdjustmentParams) (*RewardEntry, error) {
	v, a, err := ask[RewardEntry](ctx, s.c, call{
		method: http.MethodPost, path: rewardMemberPath + "/entries", ids: []string{member}, body: p, once: true, key: p.IdempotencyKey, moded: true, wrapped: true,
	})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Export downloads the ledger of all members as CSV, the newest line first.
func (s Rewards) Export(ctx context.Context) (*Download, error) {
	return s.c.download(ctx, call{path: "/rewards/entries/export", moded: true})
}

// Hold sets points aside. Capture or Release them; else they come back by themselves. With an IdempotencyKey that was used it returns that
// redemption, with Replayed set.
func (s Rewards) Hold(ctx context.Context, p RedemptionParams) (*Redemption, error) {
	v, a, err := ask[Redemption](ctx, s.c, call{
		method: http.MethodPost, path: redemptionsPath, body: p, once: true, key: p.IdempotencyKey, moded: true, wrapped: true,
	})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Capture spends the points of a redemption. A repetition spends nothing.
func (s Rewards) Capture(ctx context.Context, redemption string) (*Redemption, error) {
	return get[Redemption](ctx, s.c, call{method: http.MethodPost, path: redemptionPath + "/capture", ids: []string{redemption}, moded: true, wrapped: true})
}

// Release gives the points of a redemption back.
func (s Rewards) Release(ctx context.Context, redemption string) (*Redemption, error) {
	return get[Redemption](ctx, s.c, call{method: http.MethodPost, path: redemptionPath + "/release", ids: []string{redemption}, moded: true, wrapped: true})
}

// Redemption reads a redemption.
func (s Rewards) Redemption(ctx context.Context, id string) (*Redemption, error) {
	return get[Redemption](ctx, s.c, call{method: http.MethodGet, path: redemptionPath, ids: []string{id}, moded: true, wrapped: true})
}

// RedemptionListParams choose redemptions. What is empty chooses nothing.
type RedemptionListParams struct {
	ListParams
	Status RedemptionStatus
	// Member is the id of a member.
	Member string
}

func (s Rewards) redemptionListing(p RedemptionListParams) listing[Redemption] {
	q := p.query()
	q.text("status", string(p.Status))
	q.text("member_id", p.Member)
	return listing[Redemption]{s.c, call{path: redemptionsPath, query: q, moded: true}, nil}
}

// Redemptions reads one page of the redemptions, the newest first.
func (s Rewards) Redemptions(ctx context.Context, p RedemptionListParams) (*Page[Redemption], error) {
	return s.redemptionListing(p).page(ctx)
}

// AllRedemptions reads the redemptions to their end, the newest first.
func (s Rewards) AllRedemptions(ctx context.Context, p RedemptionListParams) iter.Seq2[Redemption, error] {
	return s.redemptionListing(p).all(ctx)
}
