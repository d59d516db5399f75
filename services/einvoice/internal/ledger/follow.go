package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/lifecycle"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// The intervals at which the platform is polled about a document. The webhook triggers an earlier poll; polling compensates for
// lost ones. After the last interval it continues daily for pollFor.
var pollAfter = []time.Duration{
	5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour,
}

const (
	pollFor = 120 * 24 * time.Hour
	// pollForB2C is short, because nobody responds to a document for a private customer or for a business abroad.
	pollForB2C  = 3 * 24 * time.Hour
	failedRetry = time.Minute
	pollEvery   = time.Second
	pollBatch   = 4
	pollTimeout = 30 * time.Second
	// minPollInterval protects the platform from readers that poll.
	minPollInterval = 2 * time.Second
)

// Follow polls the platforms about documents that are due, until ctx ends. Any number of replicas may run. The modes do not block
// each other, because they are different platforms.
func (l *Ledger) Follow(ctx context.Context) error {
	var modes errgroup.Group
	for _, loop := range l.polls {
		modes.Go(func() error { return loop.Run(ctx) })
	}
	return modes.Wait()
}

// poll returns the loop over the documents of a mode. A call that a shutdown interrupts is repeated.
func (l *Ledger) poll(livemode bool) *due.Loop[uuid.UUID] {
	return due.New(due.Config[uuid.UUID]{
		What: "documents to poll", Every: pollEvery, AtOnce: pollBatch, Within: pollTimeout, Log: l.Log,
		Watch: due.Watch{DB: l.Pool, First: nextPoll[livemode], Now: l.instant},
		Claim: func(ctx context.Context, limit int) ([]uuid.UUID, error) { return l.claimPolls(ctx, livemode, limit) },
		Do: func(ctx context.Context, id uuid.UUID) {
			if err := l.Refresh(ctx, id); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
				l.Log.Info("poll a document", "invoice", id, "error", err)
			}
		},
	})
}

// Refresh reads the life cycle of a document from the platform, records new steps and schedules the next poll.
func (l *Ledger) Refresh(ctx context.Context, id uuid.UUID) error { return l.refresh(ctx, id, true) }

// refresh for a reader does not count as a scheduled poll, so frequent reads do not make polls rarer.
func (l *Ledger) refresh(ctx context.Context, id uuid.UUID, planned bool) error {
	r, err := readOne(ctx, l.Pool, `where i.id = $1`, id)
	if err != nil || r.PlatformID == "" {
		return err
	}
	e, err := enrol.Read(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return err
	}
	account, err := l.platform(r.Livemode)
	if err != nil {
		return err
	}
	steps, failure := account.Lifecycle(ctx, e.ClientID, r.PlatformID)
	record, cancel := recording(ctx)
	defer cancel()
	return errors.Join(failure, l.change(record, id, func(tx pgx.Tx, r *Record) error {
		recorded, err := l.recordSteps(record, tx, r, steps)
		if err != nil || !recorded && !planned {
			return err
		}
		return l.nextPoll(record, tx, r, failure != nil)
	}))
}

// recordSteps records new steps, each with its event, and reports whether there were any. The newest by the platform's time
// determines the shown state.
func (l *Ledger) recordSteps(ctx context.Context, tx pgx.Tx, r *Record, steps []platform.Event) (news bool, err error) {
	newest, err := newestStep(ctx, tx, r)
	if err != nil {
		return false, err
	}
	for _, s := range steps {
		now := l.instant()
		isNew, err := insertStep(ctx, tx, r, s, now)
		if err != nil {
			return false, err
		}
		if !isNew {
			continue
		}
		news, r.Polls = true, 0 // more steps are likely to follow soon
		if !s.At.Before(newest) && !isSecondDelivery(s) {
			newest, r.LifecycleCode = s.At, s.Code
		}
		if err := l.recordStep(ctx, tx, r, s, now); err != nil {
			return false, err
		}
	}
	return news, nil
}

func (l *Ledger) recordStep(ctx context.Context, tx pgx.Tx, r *Record, s platform.Event, now time.Time) error {
	before := r.Status
	c := change{what: "status_updated", detail: fmt.Sprintf("%d %s", s.Code, label(s))}
	c.step = step(s)
	if isRefusal(s) {
		r.Problem = problem(s)
	}
	if err := save(ctx, tx, r, before, now, c); err != nil {
		return err
	}
	if !isEnd(s) || r.Status != StatusPending && r.Status != StatusDraft {
		return nil
	}
	r.Status = StatusFailed
	f := change{what: "failed", detail: s.ReasonCode}
	f.step = step(s)
	return save(ctx, tx, r, before, now, f)
}

// reasonOf returns what a refusal or rejection means. Its effect is the only thing of a step that may change a status.
func reasonOf(s platform.Event) lifecycle.Reason {
	return lifecycle.ReasonOf(int32(s.Code), s.ReasonCode)
}

// isRefusal reports whether the platforms deal with the document no more.
func isRefusal(s platform.Event) bool { return lifecycle.IsRefusal(int32(s.Code), s.ReasonCode) }

// isEnd reports whether a step ends an invoice in the seller's books.
func isEnd(s platform.Event) bool { return reasonOf(s).Effect == lifecycle.Ends }

// isSecondDelivery reports whether only another copy of the document was turned away: the step says nothing about the document, so
// it does not become the one that is shown.
func isSecondDelivery(s platform.Event) bool { return reasonOf(s).Effect == lifecycle.KeepsInvoice }

// problem says in plain words why a document was refused or rejected, with the text that came with it.
func problem(s platform.Event) string {
	why := reasonOf(s)
	if s.Reason == "" {
		return why.Meaning + " " + why.Advice
	}
	return fmt.Sprintf("%s (%s) %s", why.Meaning, s.Reason, why.Advice)
}

// label returns the official name of a step.
func label(s platform.Event) string { return lifecycle.Label(int32(s.Code)) }

func step(s platform.Event) *einvoicev1.LifecycleEvent {
	return &einvoicev1.LifecycleEvent{
		Code: int32(s.Code), Label: label(s), OccurredAt: timestamppb.New(s.At), Emitter: s.Emitter,
		ReasonCode: s.ReasonCode, Reason: s.Reason,
	}
}

// nextPoll schedules the next poll; none after the end of a document's life cycle or when it is old. A failed poll does not
// increase the interval.
func (l *Ledger) nextPoll(ctx context.Context, tx pgx.Tx, r *Record, failed bool) error {
	now, until := l.instant(), pollFor
	if r.Audience != invoice.B2B {
		until = pollForB2C
	}
	next := now.Add(pollAfter[min(r.Polls, len(pollAfter)-1)])
	polls := r.Polls + 1
	if failed {
		next, polls = now.Add(failedRetry), r.Polls
	}
	at := &next
	steps, err := stepsOf(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(steps, isEnd) || now.Sub(*r.SubmittedAt) > until {
		at = nil
	}
	return schedulePoll(ctx, tx, r, at, polls, now)
}

// refreshForReader reads from the platform while a reader waits, unless it was read just now. If that fails, the reader gets the
// stored state.
func (l *Ledger) refreshForReader(ctx context.Context, r Record) {
	if r.Seqino != SeqinoSubmitted || r.PollAt == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeouts.read)
	defer cancel()
	if !l.claimRead(ctx, r.ID) { // of concurrent readers only one calls the platform
		return
	}
	if err := l.refresh(ctx, r.ID, false); err != nil {
		l.Log.InfoContext(ctx, "refresh for a reader", "invoice", r.ID, "error", err)
	}
}

// Hint makes the platform be polled at once about a document.
func (l *Ledger) Hint(ctx context.Context, livemode bool, platformInvoiceID string) error {
	if err := l.recordHint(ctx, livemode, platformInvoiceID); err != nil {
		return err
	}
	l.polls[livemode].Nudge()
	return nil
}
