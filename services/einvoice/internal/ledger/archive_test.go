package ledger

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/archive"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// archive has the documents of the fixture's ledger.
func (f *fixture) archive() *archive.Archive {
	return archive.New(archive.Deps{Pool: f.Pool, Files: f.Ledger, Zone: f.Zone, Now: f.clock.now, Log: f.Log})
}

// books issues three invoices and a credit note over two days, and archives them.
func (f *fixture) books() (a *archive.Archive, numbers []string) {
	f.t.Helper()
	a = f.archive()
	for range 2 {
		numbers = append(numbers, f.create(private(1200)).Number)
	}
	f.must(a.Round(f.t.Context()))
	f.clock.advance(24 * time.Hour)
	r := f.create(business(6000))
	f.pay(r, 6000)
	f.must2(f.Credit(f.t.Context(), f.who, r.Number, CreditNote{Reason: "retour"}, Idempotency{}))
	f.must(a.Round(f.t.Context()))
	f.clock.advance(24 * time.Hour)
	f.must(a.Round(f.t.Context()))
	return a, append(numbers, r.Number)
}

func (f *fixture) verify(a *archive.Archive, kept ...archive.Anchor) archive.Result {
	f.t.Helper()
	who := archive.Who{MerchantID: f.who.MerchantID, Livemode: f.who.Livemode}
	r, err := a.Verify(f.t.Context(), who, kept, func(int64) error { return nil })
	f.must(err)
	return r
}

// forge changes the database as somebody would who has all its rights: without its triggers and foreign keys.
func (f *fixture) forge(statements ...string) {
	f.t.Helper()
	f.must(pgx.BeginFunc(context.Background(), f.Pool, func(tx pgx.Tx) error {
		for _, sql := range append([]string{`set local session_replication_role = replica`}, statements...) {
			if _, err := tx.Exec(context.Background(), sql); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestTheArchiveHasEveryDocumentInItsOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, _ := f.books()
	r := f.verify(a)
	if r.Problem != "" || r.Documents != 4 || r.Waiting != 0 || len(r.Head) != 64 {
		t.Errorf("%+v", r)
	}
	anchors, err := a.Anchors(t.Context(), archive.Who(f.who), "")
	f.must(err)
	if len(anchors) != 2 || anchors[0].Position != 2 || anchors[1].Position != 4 || anchors[1].Hash != r.Head || anchors[1].Day != "2026-11-22" {
		t.Errorf("anchors %+v, head %s", anchors, r.Head)
	}
	f.create(private(1200))
	if r := f.verify(a); r.Problem != "" || r.Waiting != 1 {
		t.Errorf("with a document that is not archived yet: %+v", r)
	}
}

func TestADocumentCannotBeChanged(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.books()
	for _, sql := range []string{
		`update documents set pdf = 'x'`, `update documents set xml = 'x'`, `delete from documents`, `delete from invoices`,
		`update invoices set total_cents = total_cents + 1`, `update invoices set document = '{}'`, `update invoices set sealed = false`,
		`update archive_links set hash = xml_sha256`, `delete from archive_links`, `update archive_anchors set position = 1`, `delete from archive_anchors`,
	} {
		if _, err := f.Pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "is final") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestEveryForgeryIsFound(t *testing.T) {
	t.Parallel()
	const second = `(select invoice_id from archive_links where position = 2)`
	for name, c := range map[string]struct {
		forge    []string
		position int64
		says     string
	}{
		"a changed PDF":   {[]string{`update documents set pdf = pdf || 'x' where invoice_id = ` + second}, 2, "The PDF of INV-2026-"},
		"a changed XML":   {[]string{`update documents set xml = xml || 'x' where invoice_id = ` + second}, 2, "The XML of INV-2026-"},
		"a changed total": {[]string{`update invoices set total_cents = 1 where id = ` + second}, 2, "does not follow from the document"},
		"a changed PDF with its hash": {[]string{
			`update documents set pdf = pdf || 'x' where invoice_id = ` + second, `update archive_links set pdf_sha256 = sha256(d.pdf) from documents d
				where d.invoice_id = archive_links.invoice_id and position = 2`,
		}, 2, "does not follow from the document"},
		"a removed document": {[]string{`delete from invoices where id = ` + second}, 2, "The document at position 2 is missing."},
		"removed files":      {[]string{`delete from documents where invoice_id = ` + second}, 2, "The files of INV-2026-"},
		"a removed link":     {[]string{`delete from archive_links where position = 2`}, 2, "no document at position 2"},
		"a removed link, the others moved up": {[]string{
			`delete from archive_links where position = 2`, `update archive_links set position = 2 where position = 3`,
			`update archive_links set position = 3 where position = 4`,
		}, 2, "does not follow from the document"},
		"two in another order": {[]string{
			`update archive_links set position = 9 where position = 1`, `update archive_links set position = 1 where position = 2`,
			`update archive_links set position = 2 where position = 9`,
		}, 1, "does not follow from the document"},
		"the last one removed": {[]string{`delete from archive_links where position = 4`}, 4, "the anchor of 2026-11-22 is at position 4"},
		"the last one and its anchor removed": {[]string{
			`delete from archive_links where position = 4`, `delete from archive_anchors where position = 4`,
		}, 4, "is not in the archive any more"},
		"the last one removed with all that knows it": {[]string{
			`delete from invoices where id = (select invoice_id from archive_links where position = 4)`, `delete from archive_links where position = 4`,
			`delete from archive_anchors where position = 4`,
		}, 4, "1 numbers were given to documents that do not exist any more."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			a, _ := f.books()
			f.forge(c.forge...)
			if r := f.verify(a); r.Position != c.position || !strings.Contains(r.Problem, c.says) {
				t.Errorf("position %d, %q", r.Position, r.Problem)
			}
		})
	}
}

// Who has all rights can make the whole chain anew. What was kept elsewhere tells.
func TestAChainThatWasMadeAnewIsNotThatOfTheAnchors(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, _ := f.books()
	kept, err := a.Anchors(t.Context(), archive.Who(f.who), "")
	f.must(err)
	f.forge(`update documents set pdf = pdf || 'x'`, `delete from archive_links`, `delete from archive_anchors`, `update invoices set sealed = false`)
	f.must(a.Round(t.Context()))
	if r := f.verify(a); r.Problem != "" {
		t.Fatalf("the new chain is not sound: %s", r.Problem)
	}
	if r := f.verify(a, kept...); !strings.Contains(r.Problem, "is not that of the anchor of 2026-11-21") {
		t.Errorf("%q", r.Problem)
	}
}

func TestTheTrailOfAnInvoiceLeadsFromTheOrderToItsCredit(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("bistro", nil)
	f.apply(f.ordered("o1", [2]int64{100, 1100}), f.paid("PAY-1", 1100, "o1"))
	f.clock.advance(time.Hour + time.Second/2)
	o := invoice.Order{Customer: private(1).Customer, PaymentReference: "PAY-1", Items: items(1100)}
	r := f.create(o)
	a := f.archive()
	f.must(a.Round(t.Context()))
	f.clock.advance(time.Hour)
	f.apply(f.gaveBack("REF-1", "PAY-1", 1100))
	f.must2(f.Credit(t.Context(), f.who, r.Number, CreditNote{}, Idempotency{}))
	f.exec(`insert into lifecycle_events (invoice_id, event_id, code, occurred_at, recorded_at) select id, 'evt_' || code, code, date_trunc('second', created_at), created_at
		from invoices, unnest(array[212, 201, 200]) code where id = $1`, r.ID) // the platform tells whole seconds
	trail, err := a.Trail(t.Context(), archive.Who(f.who), r.Number)
	f.must(err)
	var kinds []string
	for _, s := range trail.Steps {
		if len(kinds) == 0 || kinds[len(kinds)-1] != s.Kind {
			kinds = append(kinds, s.Kind)
		}
	}
	if got := strings.Join(kinds, " "); got != "order payment issued stored submitted lifecycle received lifecycle sealed corrected refund" {
		t.Errorf("the trail is %s", got)
	}
	_, err = a.Trail(t.Context(), archive.Who{MerchantID: "other", Livemode: true}, r.Number)
	f.refused(err, "NOT_FOUND")
}
