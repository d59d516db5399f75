package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/cmd/internal/roles"
	"european-pay.eu/eupay/internal/run/bus"
)

type doctorCommand struct {
	MaxLag  uint64        `default:"1000" placeholder:"N" help:"How many messages a consumer may have before it."`
	Overdue time.Duration `default:"5m" help:"How long a due row or an unpublished event may wait."`
}

// Help is shown under the summary.
func (*doctorCommand) Help() string {
	return "Checks the database (clock, connections, schema versions, leaders, rows that wait), NATS (streams, consumers, lag, dead letters) and the certificate. " +
		"It ends with 1 if something is wrong. It needs EUPAY_DATABASE_URL, of which it checks the schemas that the user may read, and NATS as the other commands do."
}

// The limits of what is well.
const (
	maxSkew     = time.Second
	leaderless  = 30 * time.Second
	expiresSoon = 21 * 24 * time.Hour
	// nearlyFull is the part of the connections that may be used, in percent.
	nearlyFull = 85
)

type checkView struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Says  string `json:"says"`
}

// examination collects the results of the checks.
type examination struct{ checks []checkView }

// report adds the problems of a check; none: all is well, as ok says.
func (e *examination) report(check, ok string, problems ...string) {
	if len(problems) == 0 {
		e.checks = append(e.checks, checkView{check, true, ok})
	}
	for _, p := range problems {
		e.checks = append(e.checks, checkView{check, false, p})
	}
}

// Run makes all checks, also after one has failed.
func (c *doctorCommand) Run(t *tool) error {
	e := &examination{}
	c.examineDatabase(t, e)
	c.examineBroker(t, e)
	examineIdentity(t, e)
	w, wrong := t.list("CHECK", "", "SAYS"), 0
	for _, v := range e.checks {
		mark := "ok"
		if !v.OK {
			mark = "WRONG"
			wrong++
		}
		if t.json() {
			if err := t.object(v); err != nil {
				return err
			}
			continue
		}
		row(w, v.Check, mark, line(v.Says))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d things are wrong", wrong)
	}
	return nil
}

func (c *doctorCommand) examineDatabase(t *tool, e *examination) {
	db, err := t.database()
	if err != nil {
		e.report("database", "", err.Error())
		return
	}
	defer db.Close(context.WithoutCancel(t.ctx))
	ctx, cancel := t.within()
	defer cancel()
	for _, check := range []func(context.Context, *tool, *pgx.Conn, *examination) error{examineServer, examineSchemas, examineLeaders, c.examineWaiting} {
		if err := check(ctx, t, db, e); err != nil {
			e.report("database", "", err.Error())
		}
	}
}

func examineServer(ctx context.Context, t *tool, db *pgx.Conn, e *examination) error {
	s, err := operate.AskServer(ctx, db, t.now)
	if err != nil {
		return err
	}
	skew := fmt.Sprintf("the database's clock is %s ahead of this machine's", s.Ahead.Round(time.Millisecond))
	if s.Ahead.Abs() > maxSkew {
		e.report("clock", "", skew)
	} else {
		e.report("clock", skew)
	}
	used := fmt.Sprintf("%d of %d are used", s.Used, s.Most)
	if s.Used*100 > s.Most*nearlyFull {
		e.report("connections", "", used+": lower EUPAY_DATABASE_CONNS, raise max_connections, or use a pooler")
	} else {
		e.report("connections", used)
	}
	return nil
}

func examineSchemas(ctx context.Context, _ *tool, db *pgx.Conn, e *examination) error {
	versions, err := operate.Versions(ctx, db)
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		e.report("schemas", "", "this user may read no schema of a service: check EUPAY_DATABASE_URL")
	}
	for _, v := range versions {
		want, err := newest(roles.Migrations(v.Service))
		switch {
		case err != nil:
			return err
		case want > v.Applied:
			e.report("schemas", "", fmt.Sprintf("%s has version %d and this tool knows %d: its service migrates it when it starts, "+
				"or eupayctl database migrate does", v.Service, v.Applied, want))
		case want < v.Applied:
			e.report("schemas", "", fmt.Sprintf("%s has version %d and this tool knows only %d: use the tool of the newer release", v.Service, v.Applied, want))
		default:
			e.report("schemas", fmt.Sprintf("%s has version %d", v.Service, v.Applied))
		}
	}
	return nil
}

// newest returns the highest number of the migrations; 0 of none.
func newest(files fs.FS) (highest int64, err error) {
	if files == nil {
		return 0, nil
	}
	names, err := fs.Glob(files, "*.sql")
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			highest = max(highest, n)
		}
	}
	return highest, err
}

func examineLeaders(ctx context.Context, _ *tool, db *pgx.Conn, e *examination) error {
	all, err := operate.Leases(ctx, db)
	if err != nil {
		return err
	}
	var problems []string
	for _, l := range all {
		if -l.Left > leaderless {
			problems = append(problems, fmt.Sprintf("nobody does %q of %s for %s: no replica runs, or none reaches the database", l.Job, l.Service, (-l.Left).Round(time.Second)))
		}
	}
	e.report("leaders", fmt.Sprintf("%d jobs are led", len(all)), problems...)
	return nil
}

func (c *doctorCommand) examineWaiting(ctx context.Context, _ *tool, db *pgx.Conn, e *examination) error {
	all, err := operate.Waiting(ctx, db, c.Overdue)
	if err != nil {
		return err
	}
	var problems []string
	for _, o := range all {
		problems = append(problems, fmt.Sprintf("%d rows of %s.%s wait, the oldest for %s", o.Rows, o.Service, o.What, o.Oldest.Round(time.Second)))
	}
	e.report("waiting", "nothing waits for longer than "+c.Overdue.String(), problems...)
	return nil
}

func (c *doctorCommand) examineBroker(t *tool, e *examination) {
	o, done, err := t.operator()
	if err != nil {
		e.report("nats", "", err.Error())
		return
	}
	defer done()
	streams, err := o.Status(t.ctx)
	settings, badSettings := t.streamSettings()
	if err := errors.Join(err, badSettings); err != nil {
		e.report("nats", "", err.Error())
		return
	}
	e.report("streams", fmt.Sprintf("%d streams are as the settings say", len(streams)), operate.Wrong(streams, settings)...)
	var lag, dead []string
	for _, s := range streams {
		if s.Name == bus.DeadLetter && s.Messages > 0 {
			dead = append(dead, fmt.Sprintf("%d messages were given up: eupayctl dlq list", s.Messages))
		}
		for _, consumer := range s.Consumers {
			if consumer.Lag > c.MaxLag {
				lag = append(lag, fmt.Sprintf("%s is %d messages behind on %s", consumer.Name, consumer.Lag, s.Name))
			}
		}
	}
	e.report("lag", fmt.Sprintf("no consumer is more than %d messages behind", c.MaxLag), lag...)
	e.report("dead letters", "none", dead...)
}

func examineIdentity(t *tool, e *examination) {
	who, err := t.identity()
	switch {
	case err != nil:
		e.report("certificate", "", err.Error())
	case who == nil:
		e.report("certificate", "", "no identity is given: set EUPAY_TLS_CERT, EUPAY_TLS_KEY and EUPAY_TLS_CA")
	default:
		ends := fmt.Sprintf("that of %s ends on %s", who.Name(), who.Expires().Format(time.DateOnly))
		if who.Expires().Sub(t.now()) < expiresSoon {
			e.report("certificate", "", ends)
			return
		}
		e.report("certificate", ends)
	}
}
