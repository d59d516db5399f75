package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/pgserver"
)

// cluster is the private PostgreSQL of a system, with its backups.
type cluster struct {
	w                  *world
	bin, home, archive string
	base               string // the base backup
}

// newCluster makes the system's PostgreSQL archive its write-ahead log.
func newCluster(t *testing.T, w *world) *cluster {
	t.Helper()
	home, err := pgserver.Home(filepath.Join(w.options.Dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	bin, err := pgserver.Find(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{w: w, bin: bin, home: home, archive: filepath.Join(home, "archive"), base: filepath.Join(home, "base")}
	c.sh(t, "mkdir", c.archive)
	c.sql(t, `alter system set archive_mode = on`, `alter system set archive_command = 'cp %p `+c.archive+`/%f'`)
	c.down()
	c.up(t)
	return c
}

// sh runs a program as the owner of the cluster.
func (c *cluster) sh(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = c.home
	owner, err := pgserver.User()
	if err != nil {
		t.Fatal(err)
	}
	if owner != nil {
		cmd = exec.CommandContext(t.Context(), "setpriv", append([]string{
			fmt.Sprintf("--reuid=%d", owner.Uid), fmt.Sprintf("--regid=%d", owner.Gid), "--clear-groups", program,
		}, args...)...)
		cmd.Dir = c.home
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
}

func (c *cluster) sql(t *testing.T, statements ...string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), c.w.stack.System().DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for _, s := range statements {
		if _, err := db.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// down stops the services and the database. The bank and NATS go on.
func (c *cluster) down() {
	for _, name := range system.Names {
		c.w.stack.StopService(name)
	}
	c.w.stack.StopPostgres()
}

func (c *cluster) up(t *testing.T) {
	t.Helper()
	if err := c.w.stack.StartPostgres(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.services(t)
}

func (c *cluster) services(t *testing.T) {
	t.Helper()
	started := make(chan error, len(system.Names))
	for _, name := range system.Names { // each waits for those that it needs
		go func() { started <- c.w.stack.StartService(t.Context(), name) }()
	}
	for range system.Names {
		if err := <-started; err != nil {
			t.Fatal(err)
		}
	}
}

func (c *cluster) backup(t *testing.T) {
	t.Helper()
	c.sh(t, filepath.Join(c.bin, "pg_basebackup"), "-D", c.base, "-d", c.w.stack.System().DatabaseURL, "--checkpoint=fast", "--wal-method=none", "--no-sync")
}

// ask returns the answer of a statement.
func (c *cluster) ask(t *testing.T, statement string) (answer string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), c.w.stack.System().DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if err := db.QueryRow(t.Context(), statement).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// restore puts the base backup in the place of the cluster and recovers it up to the time.
func (c *cluster) restore(t *testing.T, to string) {
	t.Helper()
	settings := filepath.Join(c.base, "postgresql.auto.conf")
	before, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	after := string(before) + fmt.Sprintf("archive_mode = off\nrestore_command = 'cp %s/%%f %%p'\nrecovery_target_time = '%s'\nrecovery_target_action = 'promote'\n", c.archive, to)
	data := filepath.Join(c.home, "data")
	if err := errors.Join(os.WriteFile(settings, []byte(after), 0o600), os.Rename(data, data+".lost")); err != nil {
		t.Fatal(err)
	}
	c.sh(t, "touch", filepath.Join(c.base, "recovery.signal"))
	if err := os.Rename(c.base, data); err != nil {
		t.Fatal(err)
	}
	if err := c.w.stack.StartPostgres(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the database is recovered and takes writes", func() bool { return c.ask(t, `select pg_is_in_recovery()::text`) == "false" })
}

// rebuild runs eupayctl payments rebuild with the settings of the payments service, and returns what it says.
func (c *cluster) rebuild(t *testing.T, since time.Time, args ...string) (out string, failed bool) {
	t.Helper()
	sys := c.w.stack.System()
	env := sys.Env(system.Payments)
	maps.Copy(env, sys.Identity(identity.Operator).Settings())
	cmd := exec.CommandContext(t.Context(), operatorsTool, append([]string{"payments", "rebuild", "--since", since.UTC().Format(time.RFC3339)}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	raw, err := cmd.CombinedOutput()
	return string(raw), err != nil
}

// listed counts the payments that rebuild lists with an action.
func listed(out, action string) (n int) {
	for text := range strings.Lines(out) {
		if strings.HasPrefix(text, action+" ") {
			n++
		}
	}
	return n
}

// TestARestoredDatabaseIsRebuilt is the restore exercise: a base backup, an archive of the write-ahead log, a database restored to a
// point in time, and a bank that went on. The bank and the stream had 48 payments, the database 24, and no tool brought them back.
func TestARestoredDatabaseIsRebuilt(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, nil)
	w.options.DatabaseURL, w.options.Volatile = "", true
	w.start(t)
	t.Cleanup(func() { w.stack.Stop() })
	c := newCluster(t, w)
	m := w.newMerchant(t)
	refunded, finishes := m.paid(t, object{"reference": "ORDER-1"}), m.pays(t, object{"reference": "ORDER-2"})
	c.backup(t)
	inLog := m.paid(t, object{"reference": "ORDER-3"})
	began := time.Now()
	to := c.ask(t, `select clock_timestamp()::text`)

	lost, open := m.paid(t, object{"reference": "ORDER-4", "metadata": object{"table": "7"}}), m.pays(t, object{"reference": "ORDER-5"})
	w.bank().authorise(t, finishes.Reference, object{})
	m.site.next(t, "payment.completed", finishes.Reference)
	r, _ := m.refund(t, refunded, `{"amount":10}`)
	c.sql(t, `select pg_switch_wal()`)
	if _, failed := c.rebuild(t, began.Add(-time.Minute)); !failed {
		t.Error("it rebuilds beside the service")
	}
	c.down()
	w.bank().authorise(t, open.Reference, object{}) // the bank goes on
	c.restore(t, to)

	since := began.Add(-time.Minute)
	told, failed := c.rebuild(t, since)
	if failed || listed(told, "record") != 3 || listed(told, "raise") != 2 || listed(told, "unknown") != 0 || !strings.Contains(told, "Nothing was changed") {
		t.Fatalf("it would do:\n%s", told)
	}
	if told, failed = c.rebuild(t, since, "--apply"); failed || listed(told, "record") != 3 || listed(told, "raise") != 2 {
		t.Fatalf("it did:\n%s", told)
	}
	if told, failed = c.rebuild(t, since, "--apply"); failed || listed(told, "record")+listed(told, "raise") != 0 {
		t.Fatalf("and again:\n%s", told)
	}
	c.services(t)
	m.site.next(t, "payment.completed", open.Reference) // it was paid while nothing of ours ran
	checkRebuilt(t, m, []payment{refunded, finishes, inLog, lost, open})
	if got := m.get(t, refunded.Reference); got.AmountRefunded != 10_00 {
		t.Errorf("the refund is not there: %+v", got)
	}
	if got := m.refunds(t, refunded.Reference); len(got) != 1 || got[0].Reference != r.Reference || got[0].Status != "completed" {
		t.Errorf("the refunds are %+v", got)
	}
	if got := m.get(t, lost.Reference); got.Reference != lost.Reference || got.Metadata["table"] != "7" {
		t.Errorf("the lost payment is %+v", got)
	}
	if again, _ := m.refund(t, lost, `{"amount":29.99}`); again.Status == "" { // its payer is known
		t.Error("the lost payment cannot be refunded")
	}
	for _, check := range newOperator(t, w).lines(t, "doctor") {
		if check["ok"] != true {
			t.Errorf("the doctor says %v", check)
		}
	}
}

// checkRebuilt compares the books: REST, bank and webhooks.
func checkRebuilt(t *testing.T, m *merchant, all []payment) {
	t.Helper()
	for _, p := range all {
		if got := m.get(t, p.Reference); got.Status != "completed" && got.Status != "refunded" {
			t.Errorf("%s is %s", p.Reference, got.Status)
		}
		if at := m.w.bank().orders(t, p.Reference); len(at) != 1 || at[0].State != "done" {
			t.Errorf("%s is at the bank as %+v", p.Reference, at)
		}
		ids := make(map[string]bool)
		for _, h := range m.site.about(t, p.Reference) {
			if h.body.Event == "payment.completed" {
				ids[h.header.Get("webhook-id")] = true
			}
		}
		if len(ids) != 1 {
			t.Errorf("%s was announced %d times: %v", p.Reference, len(ids), ids)
		}
		history := m.history(t, p.Reference)
		if len(history) == 0 || history[len(history)-1].Status != "completed" && history[len(history)-1].Status != "refunded" {
			t.Errorf("the history of %s is %+v", p.Reference, history)
		}
	}
}
