// Package archive keeps issued documents in a chain of hashes for each merchant, so that it can be proven for ten years that none was changed, removed
// or put in another place, and shows how a document came about. See docs/adr/0038-an-archive-that-can-be-verified.md.
package archive

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

var unsealed = promauto.NewGauge(prometheus.GaugeOpts{
	Name: "eupay_einvoice_archive_waiting", Help: "Issued documents that have not been in the archive for a minute or more.",
})

// Files are the XML and PDF of a document, which are rendered once and stored.
type Files interface {
	Files(ctx context.Context, id uuid.UUID) (xml, pdf []byte, err error)
}

// Deps of New.
type Deps struct {
	Pool  *pgxpool.Pool
	Files Files
	// Zone is the time zone of days: France.
	Zone *time.Location
	Now  func() time.Time
	Log  *slog.Logger
}

// Archive is the chains of all merchants.
type Archive struct {
	Deps
	// anchored is the last day for which anchors were made. Only the leader's loop uses it.
	anchored invoice.Date
}

// New returns the archive. Call Run to add documents to it.
func New(d Deps) *Archive { return &Archive{Deps: d} }

const (
	// sealEvery is how soon a document is in the archive.
	sealEvery = 5 * time.Second
	// page is how many documents are sealed in one transaction.
	page = 50
	// patience is how long a document waits for the one with the number before it, which may be about to be committed.
	patience = time.Minute
)

func (a *Archive) instant() time.Time { return a.Now().UTC().Truncate(time.Microsecond) }

// Run adds documents to their chains, and makes the daily anchors, until ctx ends. Only one replica does so at a time.
func (a *Archive) Run(ctx context.Context) error {
	return leader.Run(ctx, a.Pool, "einvoice-archive", a.Log, func(ctx context.Context) error {
		defer unsealed.Set(0) // the next leader measures it
		due.Every(ctx, sealEvery, "archiving documents", a.Log, a.Round)
		return nil
	})
}

// Round adds all documents that are not in a chain yet, and makes the anchors of yesterday.
func (a *Archive) Round(ctx context.Context) error {
	merchants, err := a.merchantsToSeal(ctx)
	if err != nil {
		return err
	}
	for _, who := range merchants {
		if err := a.sealAll(ctx, who); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			a.Log.Warn("archive documents", "merchant", who.MerchantID, "livemode", who.Livemode, "error", err)
		}
	}
	waiting, err := a.countWaiting(ctx, a.instant().Add(-patience))
	if err != nil {
		return err
	}
	unsealed.Set(float64(waiting))
	return a.anchor(ctx)
}

func (a *Archive) sealAll(ctx context.Context, who Who) error {
	for {
		sealed, err := a.seal(ctx, who)
		if err != nil || sealed < page {
			return err
		}
	}
}

// seal adds the next documents to the chain of a merchant, in the order of their issue, and returns how many.
func (a *Archive) seal(ctx context.Context, who Who) (sealed int, err error) {
	list, err := a.nextDocuments(ctx, who, page)
	if err != nil {
		return 0, err
	}
	for i := range list {
		xml, pdf, err := a.Files.Files(ctx, list[i].id) // no transaction is open: it may have to be rendered
		if err != nil {
			return 0, fmt.Errorf("files of %s: %w", list[i].number, err)
		}
		list[i].xml, list[i].pdf = sha256.Sum256(xml), sha256.Sum256(pdf)
	}
	err = pgx.BeginFunc(ctx, a.Pool, func(tx pgx.Tx) error {
		position, previous, err := lockHead(ctx, tx, who)
		if err != nil {
			return err
		}
		for _, d := range list {
			ready, err := a.isNext(ctx, tx, who, d)
			if err != nil {
				return err
			}
			if !ready {
				continue
			}
			position++
			d.Who, d.position = who, position
			previous = d.hash(previous)
			if err := insertLink(ctx, tx, d, previous, a.instant()); err != nil {
				return err
			}
			sealed++
		}
		return nil
	})
	return sealed, err
}

// isNext reports whether the number before a document's is in the chain, so that the chain has each series in its order. A number that never comes
// keeps nothing back for long: verification reports it.
func (a *Archive) isNext(ctx context.Context, tx pgx.Tx, who Who, d document) (bool, error) {
	name, n := series(d.number)
	if n <= 1 || d.createdAt.Before(a.instant().Add(-patience)) {
		return true, nil
	}
	return isSealed(ctx, tx, who, fmt.Sprintf("%s-%06d", name, n-1))
}

// anchor records where each chain ended yesterday, once a day. The log has it too.
func (a *Archive) anchor(ctx context.Context) error {
	today := invoice.DateOf(a.Now(), a.Zone)
	day := today.Add(-1)
	if a.anchored == day {
		return nil
	}
	start := today.Time()
	midnight := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, a.Zone)
	list, err := a.insertAnchors(ctx, day, midnight)
	if err != nil {
		return err
	}
	for _, x := range list {
		a.Log.Info("archive anchor", "merchant", x.MerchantID, "livemode", x.Livemode, "day", x.Day, "position", x.Position, "hash", x.Hash)
	}
	a.anchored = day
	return nil
}
