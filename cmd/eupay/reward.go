package main

import (
	"context"
	"crypto/rand"

	eupay "european-pay.eu/eupay/sdk/go"
)

// triggerPoints are enough for what the ways to events of rewards do.
const triggerPoints = 100

// rewardWays are those that leave the merchant's rules as they are.
var rewardWays = []way{
	rewarded("reward.adjusted", "a new member, and you give it 100 points", nil),
	rewarded("reward.redeemed", "a new member redeems 100 points, and you capture them", func(ctx context.Context, p *play, id string) error {
		_, err := p.client.Rewards.Capture(ctx, id)
		return err
	}),
	rewarded("reward.released", "a new member redeems 100 points, and you release them", func(ctx context.Context, p *play, id string) error {
		_, err := p.client.Rewards.Release(ctx, id)
		return err
	}),
}

// rewarded returns the way to an event of a new member, who gets points and redeems them unless end is nil. Nobody knows the member afterwards.
func rewarded(event, how string, end func(context.Context, *play, string) error) way {
	return way{event, how, func(ctx context.Context, p *play) (subject, error) {
		m, err := p.client.Rewards.AddMember(ctx, eupay.RewardMemberParams{CustomerNumber: "eupay-trigger-" + rand.Text()})
		if err != nil {
			return subject{}, err
		}
		about := subject{m.ID, p.amount, "without points"}
		if _, err := p.client.Rewards.Adjust(ctx, m.ID, eupay.RewardAdjustmentParams{Points: triggerPoints, Reason: "eupay trigger"}); err != nil {
			return about, err
		}
		if end != nil {
			held, err := p.client.Rewards.Hold(ctx, eupay.RedemptionParams{MemberID: m.ID, Points: triggerPoints})
			if err != nil {
				return about, err
			}
			if err := end(ctx, p, held.ID); err != nil {
				return about, err
			}
		}
		if err := p.happened(ctx, event, m.ID); err != nil {
			return about, err
		}
		return about, p.client.Rewards.Forget(ctx, m.ID)
	}}
}
