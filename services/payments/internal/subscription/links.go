package subscription

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/payments/internal/link"
)

// Links makes the payment links of occurrences, in the transaction that it is given.
type Links interface {
	CreateInTx(ctx context.Context, tx pgx.Tx, s link.Spec) (link.Link, error)
	// Get returns a link of the merchant.
	Get(ctx context.Context, merchantID string, livemode bool, id string) (link.Link, error)
	// RevokeInTx ends a link. One that has ended is left as it is.
	RevokeInTx(ctx context.Context, tx pgx.Tx, id, actor string) (link.Link, error)
}

// actor is who makes and ends the links of occurrences, in their history.
const actor = "subscription"

// linkTx returns the transaction for changes of links. There is none while the engine changes a mandate: who pays by a mandate has no links.
func (u *unit) linkTx() (pgx.Tx, error) {
	tx, ok := u.tx.(pgx.Tx)
	if !ok {
		return nil, fmt.Errorf("subscription %s: links cannot change with a mandate", u.ID)
	}
	return tx, nil
}

// makeLink makes the link of an occurrence.
func (u *unit) makeLink(ctx context.Context, o Occurrence) (link.Link, error) {
	tx, err := u.linkTx()
	if err != nil {
		return link.Link{}, err
	}
	expiry := o.linkExpiry()
	return u.room.Links.CreateInTx(ctx, tx, link.Spec{
		MerchantID: u.MerchantID, Livemode: u.Livemode, Amount: u.Amount, UsesMax: 1, ExpiresAt: &expiry, Description: u.Description,
		SuccessURL: u.SuccessURL, Metadata: u.Metadata, SubscriptionID: u.ID, Actor: actor,
	})
}

// revoke ends the link of an occurrence.
func (u *unit) revoke(ctx context.Context, o Occurrence) error {
	tx, err := u.linkTx()
	if err != nil {
		return err
	}
	_, err = u.room.Links.RevokeInTx(ctx, tx, o.LinkID, actor)
	return err
}
