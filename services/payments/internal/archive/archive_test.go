package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/kit/big"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/sandbox/s3"
	"european-pay.eu/eupay/services/payments/migrations"
)

const (
	made   = 300
	months = 20
)

// now is the end of the time in which the payments of the tests were made: three years.
var now = time.Date(2026, 6, 17, 12, 20, 20, 0, time.UTC)

type fixture struct {
	*testing.T
	pool   *pgxpool.Pool
	store  *Store
	faults *faults
	reader Reader
}

// faults is a store that does what a test wants with what is written and read.
type faults struct {
	Objects
	put, get func(name string, content []byte) ([]byte, error)
}

func (f *faults) Put(ctx context.Context, name, contentType string, content []byte) (err error) {
	if f.put != nil {
		if content, err = f.put(name, content); err != nil {
			return err
		}
	}
	return f.Objects.Put(ctx, name, contentType, content)
}

func (f *faults) Get(ctx context.Context, name string) ([]byte, error) {
	content, err := f.Objects.Get(ctx, name)
	if err == nil && f.get != nil {
		content, err = f.get(name, content)
	}
	return content, err
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	big.Payments(t, pool, made, now, 3*365*24*time.Hour)
	c := Config{Bucket: "archive", Region: "eu-west-3", AccessKey: "test-access-key", SecretKey: "test-secret-key-of-the-store"}
	server, err := s3.New(s3.Config{Dir: t.TempDir(), Bucket: c.Bucket, Region: c.Region, AccessKey: c.AccessKey, SecretKey: c.SecretKey, Public: "none/"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server.Handler())
	t.Cleanup(srv.Close)
	c.Endpoint = srv.URL
	store, err := OpenStore(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	f := &faults{Objects: store}
	return &fixture{T: t, pool: pool, store: store, faults: f, reader: Reader{DB: pool, Objects: f}}
}

func (f *fixture) archive(at time.Time) error {
	f.Helper()
	return NewArchiver(f.pool, f.faults, Config{After: months}, func() time.Time { return at }, slog.New(slog.DiscardHandler)).Once(f.Context())
}

func (f *fixture) exec(sql string, args ...any) int64 {
	f.Helper()
	tag, err := f.pool.Exec(f.Context(), sql, args...)
	if err != nil {
		f.Fatal(err)
	}
	return tag.RowsAffected()
}

func (f *fixture) count(sql string, args ...any) (n int) {
	f.Helper()
	if err := f.pool.QueryRow(f.Context(), sql, args...).Scan(&n); err != nil {
		f.Fatal(err)
	}
	return n
}

// history is what the database has of the payments' histories, in the form of the archive.
func (f *fixture) history() []Entry {
	f.Helper()
	rows, err := f.pool.Query(f.Context(), `select h.reference, p.merchant_id::text, p.livemode, h.sequence, h.from_status, h.to_status, h.status_detail,
		h.failure_code, h.cause, h.provider_state, h.occurred_at, h.trace_id
		from payment_history h join payments p using (reference) order by h.reference, h.sequence`)
	if err != nil {
		f.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
	if err != nil {
		f.Fatal(err)
	}
	return list
}

func (f *fixture) read(filter Filter) (list []Entry) {
	f.Helper()
	err := f.reader.Read(f.Context(), filter, func(e Entry) error {
		list = append(list, e)
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	return list
}

// one returns a payment of a month, as the first and last day of its references say.
func (f *fixture) one(like string) (reference string) {
	f.Helper()
	if err := f.pool.QueryRow(f.Context(), `select reference from payments where reference like $1 order by reference limit 1`, like).Scan(&reference); err != nil {
		f.Fatal(err)
	}
	return reference
}

func day0(e Entry) string { return e.Reference[4:12] }

// TestOldHistoryMovesToTheArchive, every row of it once, and what is not old stays.
func TestOldHistoryMovesToTheArchive(t *testing.T) {
	t.Parallel()
	f := setup(t)
	before := f.history()
	if err := f.archive(now); err != nil {
		t.Fatal(err)
	}
	// 20 months before now is 17 October 2024, so September is the last month that is wholly older.
	var want, kept []Entry
	for _, e := range before {
		e.At = e.At.UTC()
		if day0(e) < "20241001" {
			want = append(want, e)
		} else {
			kept = append(kept, e)
		}
	}
	got, left := f.read(Filter{}), f.history()
	for i := range left {
		left[i].At = left[i].At.UTC()
	}
	if len(want) < 100 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows are archived, want %d", len(got), len(want))
	}
	if !reflect.DeepEqual(left, kept) {
		t.Errorf("%d rows are left, want %d", len(left), len(kept))
	}
	some := want[len(want)/2]
	for what, filter := range map[string]Filter{
		"payment": {Reference: some.Reference}, "merchant": {MerchantID: some.MerchantID}, "day": {Day: some.At.Truncate(24 * time.Hour)},
	} {
		var of []Entry
		for _, e := range want {
			if what == "payment" && e.Reference == some.Reference || what == "merchant" && e.MerchantID == some.MerchantID || what == "day" && day0(e) == day0(some) {
				of = append(of, e)
			}
		}
		if got := f.read(filter); !reflect.DeepEqual(got, of) {
			t.Errorf("%d rows are read by %s, want %d", len(got), what, len(of))
		}
	}
	objects := f.count(`select count(*) from archives`)
	if err := f.archive(now); err != nil || f.count(`select count(*) from archives`) != objects {
		t.Errorf("archived again: %v", err)
	}
}

// TestWhatIsOpenOrNotedStays: people's words are no part of an archive, and what has not ended is not history.
func TestWhatIsOpenOrNotedStays(t *testing.T) {
	t.Parallel()
	f := setup(t)
	open, noted, touched := f.one("PAY-202402%"), f.one("PAY-202403%"), f.one("PAY-202404%")
	f.exec(`update payments set status = 'pending_sca', due_at = now(), completed_at = null where reference = $1`, open)
	f.exec(`update payment_history set actor = 'user:1', note = 'Camille called' where reference = $1 and sequence = 2`, noted)
	f.exec(`update payments set updated_at = $2 where reference = $1`, touched, now.AddDate(0, -months, 0))
	if err := f.archive(now); err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]int{open: 3, noted: 1, touched: 3} {
		if n := f.count(`select count(*) from payment_history where reference = $1`, reference); n != want {
			t.Errorf("%s has %d rows, want %d", reference, n, want)
		}
	}
	if err := f.archive(now.Add(time.Microsecond)); err != nil {
		t.Fatal(err)
	}
	if n := len(f.read(Filter{Reference: touched})); n != 3 {
		t.Errorf("%d rows are archived of what is old now", n)
	}
}

// TestARowThatComesLaterIsArchivedLater, and both are read in their order.
func TestARowThatComesLaterIsArchivedLater(t *testing.T) {
	t.Parallel()
	f := setup(t)
	reference := f.one("PAY-202402%")
	if err := f.archive(now); err != nil {
		t.Fatal(err)
	}
	f.exec(`insert into payment_history (reference, sequence, from_status, to_status, cause, occurred_at) values ($1, 4, 'completed', 'refunded', 'refund', $2)`, reference, now)
	if err := f.archive(now); err != nil {
		t.Fatal(err)
	}
	got := f.read(Filter{Reference: reference})
	if len(got) != 4 || got[3].Sequence != 4 || got[0].Sequence != 1 {
		t.Errorf("read %v", got)
	}
}

// TestAnObjectHasNoPersonalData, so nothing in it has to be erased.
func TestAnObjectHasNoPersonalData(t *testing.T) {
	t.Parallel()
	f := setup(t)
	reference := f.one("PAY-202403%")
	f.exec(`update payment_history set provider_raw = '{"iban":"FR7630006000011234567890189"}', actor = '' where reference = $1`, reference)
	objects := 0
	f.faults.put = func(name string, content []byte) ([]byte, error) {
		if zip, err := gzip.NewReader(bytes.NewReader(content)); err == nil {
			if content, err = io.ReadAll(zip); err != nil {
				t.Error(err)
			}
			objects++
		}
		for _, personal := range []string{"Camille", "FR76", "iban", "Order ", "cart"} {
			if bytes.Contains(content, []byte(personal)) {
				t.Errorf("%s has %q", name, personal)
			}
		}
		return nil, errors.New("looked at")
	}
	if err := f.archive(now); err == nil || objects == 0 {
		t.Error(err, objects)
	}
}

// TestRowsStayUntilTheirObjectWasReadBack.
func TestRowsStayUntilTheirObjectWasReadBack(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, fault := range map[string]func(f *faults){
		"the store refuses the object": func(f *faults) {
			f.put = func(string, []byte) ([]byte, error) { return nil, refused }
		},
		"the store refuses the manifest": func(f *faults) {
			f.put = func(name string, content []byte) ([]byte, error) {
				if strings.HasSuffix(name, ".json") {
					return nil, refused
				}
				return content, nil
			}
		},
		"the store keeps something else": func(f *faults) {
			f.put = func(name string, content []byte) ([]byte, error) {
				if strings.HasSuffix(name, ".gz") {
					content = append(bytes.Clone(content[:len(content)/2]), content[len(content)/2+1:]...)
				}
				return content, nil
			}
		},
		"the store does not answer": func(f *faults) { f.get = func(string, []byte) ([]byte, error) { return nil, refused } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			before := f.history()
			fault(f.faults)
			if err := f.archive(now); err == nil {
				t.Error("no error")
			}
			if !reflect.DeepEqual(f.history(), before) || f.count(`select count(*) from archives`) != 0 {
				t.Error("rows are gone")
			}
			f.faults.put, f.faults.get = nil, nil
			if err := f.archive(now); err != nil || len(f.read(Filter{}))+len(f.history()) != len(before) {
				t.Errorf("the next time: %v", err)
			}
		})
	}
}

// TestTwoArchiversDeleteNoRowTwice: a former leader that does not know it yet, and its successor.
func TestTwoArchiversDeleteNoRowTwice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	before := len(f.history())
	other := &fixture{T: t, pool: f.pool, faults: &faults{Objects: f.store}}
	f.faults.get = func(_ string, content []byte) ([]byte, error) {
		f.faults.get = nil
		return content, other.archive(now)
	}
	if err := f.archive(now); err == nil {
		t.Error("no error")
	}
	if all := len(f.read(Filter{})) + len(f.history()); all != before {
		t.Errorf("%d rows of %d", all, before)
	}
}

// TestAnswersEndWithTheirTime, those about what is open or has just ended do not, and the rest of the history stays.
func TestAnswersEndWithTheirTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const keep = 400 * 24 * time.Hour
	before := f.history()
	open, touched := f.one("PAY-202402%"), f.one("PAY-202403%")
	f.exec(`update payments set status = 'pending_sca', due_at = now(), completed_at = null where reference = $1`, open)
	f.exec(`update payments set updated_at = $2 where reference = $1`, touched, now.Add(-keep))
	answers := func(where string, args ...any) int {
		return f.count(`select count(*) from payment_history where (provider_raw <> '' or provider_raw_sealed is not null or provider_raw_key_id is not null) and `+where, args...)
	}
	remove := func(keep time.Duration, at time.Time) {
		if err := NewArchiver(f.pool, nil, Config{Answers: keep}, func() time.Time { return at }, slog.New(slog.DiscardHandler)).Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if remove(0, now); answers(`true`) != 2*made {
		t.Errorf("%d answers, want all: they are kept as long as the history", answers(`true`))
	}
	limit := "PAY-" + now.Add(-keep-longestPayment).Format("20060102")
	young := answers(`reference >= $1`, limit)
	remove(keep, now)
	if all, left := answers(`true`), answers(`reference in ($1, $2)`, open, touched); all != young+4 || left != 4 || young == 0 || young > made {
		t.Errorf("%d answers are left, %d of them of what is open or has just ended; %d are young", all, left, young)
	}
	remove(keep, now.AddDate(0, 0, 100))
	if again := answers(`reference >= $1`, limit); again >= young || again == 0 {
		t.Errorf("%d answers are left after 100 days, before there were %d", again, young)
	}
	if !reflect.DeepEqual(f.history(), before) {
		t.Error("the history has changed")
	}
}

func TestAChangedObjectIsFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if err := f.archive(now); err != nil {
		t.Fatal(err)
	}
	list, err := f.reader.List(t.Context())
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	for _, m := range list {
		if err := f.reader.Verify(t.Context(), m); err != nil {
			t.Error(err)
		}
		if shown, err := f.reader.Show(t.Context(), m.Object); err != nil || shown != m {
			t.Errorf("%v, %v", shown, err)
		}
	}
	// A sound object, of which one word is another.
	entries, err := read(t.Context(), f.store, list[0])
	if err != nil {
		t.Fatal(err)
	}
	entries[0].To = "completed"
	content, err := encode(entries, &Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.store.Put(t.Context(), list[0].Object, "application/gzip", content); err != nil {
		t.Fatal(err)
	}
	if err := f.reader.Verify(t.Context(), list[0]); !errors.Is(err, errAltered) {
		t.Errorf("a changed word: %v", err)
	}
	if _, err := f.reader.Show(t.Context(), "another"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func TestEntriesSurviveTheirObject(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[ -~é€\n]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Entry {
			return Entry{
				Reference: text.Draw(t, "reference"), MerchantID: text.Draw(t, "merchant"), Livemode: rapid.Bool().Draw(t, "live"), Sequence: rapid.Int64().Draw(t, "sequence"),
				From: text.Draw(t, "from"), To: text.Draw(t, "to"), Detail: text.Draw(t, "detail"), Failure: text.Draw(t, "failure"), Cause: text.Draw(t, "cause"),
				ProviderState: text.Draw(t, "state"), At: time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at")).UTC(), TraceID: text.Draw(t, "trace"),
			}
		}), 1, 20).Draw(t, "entries")
		var m Manifest
		object, err := encode(entries, &m)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decode(object, m); err != nil || !reflect.DeepEqual(got, entries) {
			t.Fatalf("%v, %v", got, err)
		}
		m.Rows++
		if _, err := decode(object, m); !errors.Is(err, errAltered) {
			t.Fatal(err)
		}
	})
}

func TestSettingsThatLoseEvidenceAreRefused(t *testing.T) {
	t.Parallel()
	store := Config{Endpoint: "https://s3.example", Bucket: "b", AccessKey: "a", SecretKey: "s"}
	with := func(after int, change func(*Config)) Config {
		c := store
		c.After = after
		if change != nil {
			change(&c)
		}
		return c
	}
	for _, good := range []Config{{}, {Answers: shortestAnswers}, with(0, nil), with(fewestMonths, nil)} {
		if err := good.Validate(); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []Config{
		{After: fewestMonths},
		with(fewestMonths-1, nil), with(-1, nil), with(24, func(c *Config) { c.Bucket = "" }), with(24, func(c *Config) { c.SecretKey = "" }),
		with(0, func(c *Config) { c.AccessKey = "" }),
		{Answers: shortestAnswers - 1},
		{Answers: -1},
		with(24, func(c *Config) { c.Endpoint = "s3.example" }),
	} {
		if bad.Validate() == nil {
			t.Errorf("accepted: %+v", bad)
		}
	}
}
