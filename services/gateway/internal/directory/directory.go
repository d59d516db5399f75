// Package directory opens merchants, users and API keys, connects them with each other, and runs their work in the background.
package directory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

// Deps are what Open needs.
type Deps struct {
	// Deps are those of users. Pool, Log, Now, Wake and BcryptCost are for merchants and API keys, too.
	user.Deps
	NATS *nats.Conn
	// Reads is where the list of merchants is read; nil: Pool.
	Reads pg.Reader
	// IBANHold is how long a new IBAN of a merchant waits before money goes there; 0: not at all.
	IBANHold time.Duration
	// Mailer is nil where no mail server is set up: mails wait.
	Mailer postbox.Sender
}

// Directory is everything about merchants, users and keys.
type Directory struct {
	Keys      *apikey.Keys
	Merchants *merchant.Merchants
	Users     *user.Users
	Tokens    *user.Tokens
	Audit     *audit.Log
	// Mails sends what is queued; Run runs it.
	Mails *postbox.Worker

	deps Deps
}

// Open returns the directory, whose keys listen for changes that other replicas make. Close it.
func Open(d Deps) (*Directory, error) {
	users, err := user.New(d.Deps)
	if err != nil {
		return nil, err
	}
	keys, err := apikey.Open(apikey.Deps{Pool: d.Pool, NATS: d.NATS, Log: d.Log, Now: d.Now, BcryptCost: d.BcryptCost})
	if err != nil {
		return nil, err
	}
	return &Directory{
		Keys: keys,
		// A key is remembered with its merchant.
		Merchants: merchant.New(merchant.Deps{Pool: d.Pool, Reads: d.Reads, Log: d.Log, Now: d.Now, Wake: d.Wake, Changed: keys.Forget, IBANHold: d.IBANHold}),
		Users:     users, Tokens: users.Tokens(), Audit: audit.NewLog(d.Pool, d.Now),
		Mails: &postbox.Worker{Pool: d.Pool, Sender: d.Mailer, Write: users.WriteMail, Now: d.Now, Log: d.Log}, deps: d,
	}, nil
}

// Run does what is due until ctx ends: it sends mails, announces merchants, moves IBANs that have waited, and deletes what is over.
func (d *Directory) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	workers.Go(func() { d.Merchants.Introduce(ctx) })
	workers.Go(func() { d.sendMails(ctx) })
	workers.Go(func() { _ = tally.Folding(d.deps.Pool, d.deps.Log)(ctx) }) // logs its errors, and ends with ctx
	workers.Go(func() {
		due.Every(ctx, time.Minute, "changing IBANs that have waited", d.deps.Log, func(ctx context.Context) error {
			d.Keys.Sweep()
			return d.Merchants.MoveAccounts(ctx)
		})
	})
	due.Every(ctx, time.Hour, "purge of expired logins", d.deps.Log, d.purge)
	return nil
}

// sendMails ends with ctx alone.
func (d *Directory) sendMails(ctx context.Context) {
	if err := d.Mails.Run(ctx); err != nil {
		d.deps.Log.Error("mails are not sent any more", "error", err)
	}
}

func (d *Directory) purge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := d.Users.Purge(ctx); err != nil {
		return err
	}
	if err := postbox.Purge(ctx, d.deps.Pool, d.deps.Now()); err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	if err := notice.PurgeTickets(ctx, d.deps.Pool, d.deps.Now()); err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	return nil
}

// Close stops listening. Call it before the connection to NATS is closed.
func (d *Directory) Close() { d.Keys.Close() }
