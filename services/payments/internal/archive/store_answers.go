package archive

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// partsEachLook is for how many parts answers are removed each hour: a million payments, which is more than are made. What waits when this begins is done
// little by little.
const partsEachLook = 100

// removeAnswers removes what the provider answered about payments of a kind that ended long enough ago, in the order of their references. It goes on where
// it was, so what was looked at is not read again.
func (a *Archiver) removeAnswers(ctx context.Context, kind string) error {
	if a.cfg.Answers == 0 {
		return nil
	}
	for range partsEachLook {
		more, err := a.removeSome(ctx, kind)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// removeSome does the next payments, and reports whether there are more.
func (a *Archiver) removeSome(ctx context.Context, kind string) (more bool, err error) {
	before := a.now().Add(-a.cfg.Answers).UTC()
	err = pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select reference from payments where reference > coalesce((select until from answers_removed where kind = $1), $1 || '-')
			and reference < $2 order by reference limit $3`, kind, kind+"-"+before.Add(-longestPayment).Format("20060102"), partSize)
		if err != nil {
			return fmt.Errorf("look for old payments: %w", err)
		}
		references, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if more = len(references) == partSize; err != nil || len(references) == 0 {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`update payment_history h set provider_raw = '', provider_raw_key_id = null, provider_raw_sealed = null
			from payments p where p.reference = any($1) and p.due_at is null and p.updated_at < $2
				and h.reference = p.reference and (h.provider_raw <> '' or h.provider_raw_sealed is not null)`, references, before)
		b.Queue(`insert into answers_removed (kind, until) values ($1, $2) on conflict (kind) do update set until = excluded.until`,
			kind, references[len(references)-1])
		return tx.SendBatch(ctx, b).Close()
	})
	return more, err
}
