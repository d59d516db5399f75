package postbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/internal/run/leader"
)

const (
	// lookEvery is the maximum delay of a mail that another replica queued.
	lookEvery = time.Second
	// measureEvery is the interval of counting the whole queue, which may be long if no mail server is configured.
	measureEvery = 10 * time.Second
	// sendWithin is the deadline of an attempt. It is shorter than the first pause of a mail, which is its lease.
	sendWithin = 50 * time.Second
	// recordWithin is the deadline for recording the outcome.
	recordWithin = 5 * time.Second
	// grace is how long attempts may continue when the service stops.
	grace = 10 * time.Second
	// atOnce is the number of concurrent attempts.
	atOnce = 4
	// maxProblem is the maximum length of a stored error.
	maxProblem = 500
)

var (
	queued = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "eupay_gateway_mails_queued", Help: "Mails that are not sent yet, on the replica that sends them.",
	})
	oldestQueued = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "eupay_gateway_mails_oldest_seconds", Help: "How long the oldest mail that is not sent has waited.",
	})
	finished = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "eupay_gateway_mails_total", Help: "Tries to send a mail, by outcome: sent, refused, void (nobody to write to) or failed, which is tried again.",
	}, []string{"outcome"})
)

func init() {
	for _, outcome := range []string{"sent", "refused", "void", "failed"} {
		finished.WithLabelValues(outcome)
	}
}

// Sender sends a mail. mail.ErrRefused ends the mail.
type Sender interface {
	Send(ctx context.Context, m mail.Message) error
}

// ErrVoid means that the recipient or the reason of a mail no longer exists.
var ErrVoid = errors.New("the mail is void")

// Worker sends queued mails.
type Worker struct {
	Pool *pgxpool.Pool
	// Sender is nil if no mail server is configured: the mails stay queued.
	Sender Sender
	// Address fills in what a mail that has no To does not hold: its reader, and what its text needs. It may call other services. ErrVoid ends the mail.
	Address func(ctx context.Context, m Mail) (Mail, error)
	// Fetch gets from other services what a mail needs beside its row, such as its files; nil: nothing. ErrVoid ends the mail.
	Fetch func(ctx context.Context, m Mail) (Mail, error)
	// Write creates the text, and any credentials in it, in a transaction of its own. ErrVoid ends the mail.
	Write func(ctx context.Context, tx pgx.Tx, m Mail) (mail.Message, error)
	Now   func() time.Time
	Log   *slog.Logger
}

// Run sends mails until ctx ends, while this replica is the leader.
func (w *Worker) Run(ctx context.Context) error {
	return leader.Run(ctx, w.Pool, "send mails", w.Log, w.lead)
}

func (w *Worker) lead(ctx context.Context) error {
	defer queued.Set(0)
	defer oldestQueued.Set(0)
	var measuring sync.WaitGroup
	defer measuring.Wait()
	measuring.Go(func() { due.Every(ctx, measureEvery, "measuring the queue of mails", w.Log, w.measure) })
	if w.Sender == nil {
		<-ctx.Done()
		return nil
	}
	return w.loop().Run(ctx)
}

func (w *Worker) loop() *due.Loop[Mail] {
	return due.New(due.Config[Mail]{
		What: "mails", Every: lookEvery, AtOnce: atOnce, Within: sendWithin, Grace: grace, Log: w.Log,
		Claim: func(ctx context.Context, limit int) ([]Mail, error) { return claim(ctx, w.Pool, w.Now(), limit) },
		Do: func(ctx context.Context, m Mail) {
			if err := w.send(ctx, m); err != nil {
				w.Log.Warn("what became of a mail is not recorded, it is sent again", "mail", m.ID, "kind", m.Kind, "error", err)
			}
		},
	})
}

func (w *Worker) measure(ctx context.Context) error {
	n, oldest, err := waiting(ctx, w.Pool)
	if err != nil {
		return err
	}
	queued.Set(float64(n))
	age := 0.0
	if oldest != nil {
		age = w.Now().Sub(*oldest).Seconds()
	}
	oldestQueued.Set(age)
	return nil
}

// SendDue sends all due mails, several at a time. It returns an error if the database fails; a failure of the mail server is
// recorded with the mail.
func (w *Worker) SendDue(ctx context.Context) error {
	if w.Sender == nil {
		return nil
	}
	_, err := w.loop().Once(ctx)
	return err
}

func (w *Worker) send(ctx context.Context, m Mail) error {
	var message mail.Message
	var err error
	if m.To == "" {
		m, err = w.Address(ctx, m)
	}
	if err == nil && w.Fetch != nil {
		m, err = w.Fetch(ctx, m)
	}
	if err == nil {
		message, err = w.write(ctx, m)
	}
	if errors.Is(err, ErrVoid) {
		return w.end(ctx, m, "void", nil)
	}
	if err != nil {
		return err
	}
	return w.pass(ctx, m, message)
}

// write creates the text in a transaction of its own.
func (w *Worker) write(ctx context.Context, m Mail) (message mail.Message, err error) {
	err = pgx.BeginFunc(ctx, w.Pool, func(tx pgx.Tx) error {
		message, err = w.Write(ctx, tx, m)
		return err
	})
	return message, err
}

// pass hands the mail to the server, and records what became of it.
func (w *Worker) pass(ctx context.Context, m Mail, message mail.Message) error {
	message.ID, message.To, message.Language, message.At, message.Files = m.ID, m.To, m.Language, m.CreatedAt, m.Files
	err := w.Sender.Send(ctx, message)
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	switch {
	case err == nil:
		return w.end(record, m, "sent", nil)
	case errors.Is(err, mail.ErrRefused):
		return w.end(record, m, "refused", err)
	}
	finished.WithLabelValues("failed").Inc()
	w.Log.Warn("mail not sent, trying again later", "mail", m.ID, "kind", m.Kind, "error", err)
	return fail(record, w.Pool, m.ID, brief(err))
}

func (w *Worker) end(ctx context.Context, m Mail, outcome string, problem error) error {
	finished.WithLabelValues(outcome).Inc()
	if problem != nil {
		w.Log.Warn("mail refused for good", "mail", m.ID, "kind", m.Kind, "error", problem)
	}
	return finish(ctx, w.Pool, m.ID, outcome, brief(problem), w.Now())
}

func brief(err error) string {
	if err == nil {
		return ""
	}
	text := []rune(err.Error())
	return string(text[:min(len(text), maxProblem)])
}
