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
	// lookEvery is how soon a mail that another replica queued is seen.
	lookEvery = time.Second
	// measureEvery is how often the whole queue is looked at, which may be long where no mail server is set up.
	measureEvery = 10 * time.Second
	// sendWithin bounds a try: it is shorter than the first pause of a mail, which is its lease.
	sendWithin = 50 * time.Second
	// recordWithin bounds the recording of what became of it.
	recordWithin = 5 * time.Second
	// grace is how long mails may be on their way when the service stops.
	grace = 10 * time.Second
	// atOnce is how many mails are on their way at a time.
	atOnce = 4
	// maxProblem is how much of an error is kept.
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

// Sender hands a mail to a mail server. mail.ErrRefused ends the mail.
type Sender interface {
	Send(ctx context.Context, m mail.Message) error
}

// ErrVoid says that there is nobody to write to, or nothing to say any more.
var ErrVoid = errors.New("the mail is void")

// Worker sends what is queued.
type Worker struct {
	Pool *pgxpool.Pool
	// Sender is nil where no mail server is set up: the mails stay queued.
	Sender Sender
	// Write makes the text, and the credentials in it, in a transaction of its own. ErrVoid ends the mail.
	Write func(ctx context.Context, tx pgx.Tx, m Mail) (mail.Message, error)
	Now   func() time.Time
	Log   *slog.Logger
}

// Run sends mails while this replica is the one that does, until ctx ends.
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

// SendDue sends all mails that are due, some at a time. It returns an error when the database fails; a mail server that does is noted
// with the mail.
func (w *Worker) SendDue(ctx context.Context) error {
	if w.Sender == nil {
		return nil
	}
	_, err := w.loop().Once(ctx)
	return err
}

func (w *Worker) send(ctx context.Context, m Mail) error {
	var message mail.Message
	err := pgx.BeginFunc(ctx, w.Pool, func(tx pgx.Tx) error {
		var err error
		message, err = w.Write(ctx, tx, m)
		return err
	})
	if errors.Is(err, ErrVoid) {
		return w.end(ctx, m, "void", nil)
	}
	if err != nil {
		return err
	}
	message.ID, message.To, message.Language, message.At = m.ID, m.To, m.Language, m.CreatedAt
	err = w.Sender.Send(ctx, message)
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
