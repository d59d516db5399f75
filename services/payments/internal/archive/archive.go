// Package archive keeps the history of payments small. The provider's answers, half of what a payment takes, are removed when their time is over.
// The history of old payments is moved, if that is wanted, to objects of an S3 store that can be read for decades: CSV, compressed with gzip, with a
// manifest beside each. Rows are deleted only after their object was read back and is what was written.
//
// An archive holds no personal data, so nothing in it ever has to be erased: the answers are not in it, and rows in which somebody noted something stay
// in the database.
package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/leader"
)

const (
	// lookEvery is how often old payments are looked for.
	lookEvery = time.Hour
	// shortestAnswers is the least time for which answers are kept: so long people ask about a payment.
	shortestAnswers = 90 * 24 * time.Hour
	// longestPayment is within which nearly all payments end after the day in their reference. Answers about others stay until they are archived.
	longestPayment = 62 * 24 * time.Hour
	// fewestMonths is the least age: the answers of the provider, which are not archived, are kept while a payment can be contested.
	fewestMonths = 14
	// partSize is how many payments an object has at most. It bounds the memory, and how long the transaction that deletes their rows takes.
	partSize = 10_000
)

// Config says for how long the history of payments is in the database, and where it is then.
type Config struct {
	// Answers is how long the provider's answers about a payment are kept after its end, at least 2160h (90 days). The default is somewhat more than the 13
	// months for which a payment can be contested. 0: as long as the history.
	Answers time.Duration `env:"EUPAY_PAYMENTS_ANSWERS_KEEP" envDefault:"9600h"`
	// After is how many months after a payment its history is moved to the archive: at least 14, because the provider's answers are not archived and
	// are evidence for 13. 0: never.
	After int `env:"EUPAY_PAYMENTS_ARCHIVE_AFTER_MONTHS" envDefault:"0"`
	// Endpoint is the S3-compatible store of the archive, without the bucket, EUPAY_ARCHIVE_S3_BUCKET, EUPAY_ARCHIVE_S3_REGION and the keys are of that
	// store. The bucket should keep versions and refuse deletion, and nobody else needs to read it.
	Endpoint  string `env:"EUPAY_ARCHIVE_S3_ENDPOINT"`
	Bucket    string `env:"EUPAY_ARCHIVE_S3_BUCKET"`
	Region    string `env:"EUPAY_ARCHIVE_S3_REGION" envDefault:"eu-west-3"`
	AccessKey string `env:"EUPAY_ARCHIVE_S3_ACCESS_KEY"`
	SecretKey string `env:"EUPAY_ARCHIVE_S3_SECRET_KEY"`
}

// Validate reports settings with which evidence would be lost too early, or nothing could be archived.
func (c Config) Validate() error {
	var bad []error
	if c.Answers < 0 || c.Answers > 0 && c.Answers < shortestAnswers {
		bad = append(bad, errors.New("EUPAY_PAYMENTS_ANSWERS_KEEP must be at least 2160h (90 days), or 0 for as long as the history"))
	}
	if c.After < 0 || c.After > 0 && c.After < fewestMonths {
		bad = append(bad, fmt.Errorf("EUPAY_PAYMENTS_ARCHIVE_AFTER_MONTHS must be at least %d, or 0 for never", fewestMonths))
	}
	if c.After > 0 && c.Endpoint == "" {
		bad = append(bad, errors.New("EUPAY_PAYMENTS_ARCHIVE_AFTER_MONTHS needs EUPAY_ARCHIVE_S3_ENDPOINT"))
	}
	if c.Endpoint == "" {
		return errors.Join(bad...)
	}
	if u, err := url.Parse(c.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		bad = append(bad, errors.New("EUPAY_ARCHIVE_S3_ENDPOINT must be an http or https URL"))
	}
	if c.Bucket == "" || c.AccessKey == "" || c.SecretKey == "" {
		bad = append(bad, errors.New("EUPAY_ARCHIVE_S3_ENDPOINT needs EUPAY_ARCHIVE_S3_BUCKET, EUPAY_ARCHIVE_S3_ACCESS_KEY and EUPAY_ARCHIVE_S3_SECRET_KEY"))
	}
	return errors.Join(bad...)
}

// Archiver removes old answers and moves the history of old payments to the archive.
type Archiver struct {
	pool    *pgxpool.Pool
	objects Objects
	cfg     Config
	now     func() time.Time
	log     *slog.Logger
}

// NewArchiver returns an archiver of the pool's schema. Without objects it archives nothing.
func NewArchiver(pool *pgxpool.Pool, objects Objects, cfg Config, now func() time.Time, log *slog.Logger) *Archiver {
	return &Archiver{pool: pool, objects: objects, cfg: cfg, now: now, log: log}
}

// Run does what valid settings say until ctx ends.
func Run(ctx context.Context, pool *pgxpool.Pool, cfg Config, now func() time.Time, log *slog.Logger) error {
	if cfg.After == 0 {
		return NewArchiver(pool, nil, cfg, now, log).Run(ctx)
	}
	store, err := OpenStore(cfg)
	if err != nil {
		return err
	}
	defer store.Close()
	return NewArchiver(pool, store, cfg, now, log).Run(ctx)
}

// Run removes and archives until ctx ends, on one replica at a time.
func (a *Archiver) Run(ctx context.Context) error {
	return leader.RunFenced(ctx, a.pool, "archive history", a.log, func(ctx context.Context, lease *leader.Lease) error {
		due.Every(ctx, lookEvery, "removing old history of payments", a.log, func(ctx context.Context) error { return a.all(ctx, lease) })
		return ctx.Err()
	})
}

// Once removes and archives all that is old enough.
func (a *Archiver) Once(ctx context.Context) error { return a.all(ctx, nil) }

// all goes through the payments from the oldest on. lease fences what it deletes; it may be nil.
func (a *Archiver) all(ctx context.Context, lease *leader.Lease) error {
	for _, kind := range []string{"PAY", "REF", "SUB"} {
		if err := a.removeAnswers(ctx, kind); err != nil {
			return fmt.Errorf("remove answers about %s: %w", kind, err)
		}
		if a.objects == nil || a.cfg.After == 0 {
			continue
		}
		before := a.now().UTC().AddDate(0, -a.cfg.After, 0)
		months, err := a.months(ctx, kind, before)
		if err != nil {
			return err
		}
		for _, m := range months {
			if err := a.month(ctx, lease, m, before); err != nil {
				return fmt.Errorf("archive the history of %s: %w", m, err)
			}
		}
	}
	return nil
}

// month archives what has ended of a month, part by part.
func (a *Archiver) month(ctx context.Context, lease *leader.Lease, m month, before time.Time) error {
	for after := m.low(); ; {
		references, err := a.references(ctx, m, after)
		if err != nil || len(references) == 0 {
			return err
		}
		after = references[len(references)-1]
		entries, err := a.entries(ctx, references, before)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			continue
		}
		made, err := a.write(ctx, m, entries)
		if err != nil {
			return err
		}
		if err := a.replace(ctx, lease, made); err != nil {
			return err
		}
		a.log.Info("history archived", "object", made.Object, "payments", made.Payments, "rows", made.Rows)
	}
}

// month is one of the days in references, and their kind: PAY, REF or SUB.
type month struct {
	kind  string
	first time.Time
}

func (m month) low() string    { return m.kind + "-" + m.first.Format("20060102") }
func (m month) high() string   { return month{m.kind, m.first.AddDate(0, 1, 0)}.low() }
func (m month) String() string { return m.kind + " " + m.first.Format("2006-01") }
