package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/run/config"
)

const databaseURL = "EUPAY_DATABASE_URL"

type emitCommand struct {
	Since  string `required:"" placeholder:"TIME" help:"Begin there: RFC 3339, or how long ago, as 90m, 36h, 7d."`
	DryRun bool   `xor:"do" help:"Only count the missing events, which is what happens anyhow without --run."`
	Do     bool   `name:"run" xor:"do" help:"Publish them."`
}

// emissionView is the result for one outbox in JSON.
type emissionView struct {
	Service   string     `json:"service"`
	Kept      uint64     `json:"kept"`
	Missing   uint64     `json:"missing"`
	Oldest    *time.Time `json:"oldest,omitempty"`
	Published bool       `json:"published"`
}

// Run publishes from the database what the stream has lost.
func (c *emitCommand) Run(t *tool) error {
	since, err := moment("--since", c.Since, t.now())
	if err != nil {
		return err
	}
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	db, err := t.database()
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(t.ctx))
	found, err := o.Emit(t.ctx, operate.Emit{DB: db, Since: since, Run: c.Do})
	return errors.Join(t.emitted(found, c.Do), err)
}

func (t *tool) emitted(found []operate.Emission, ran bool) error {
	w := t.list("SERVICE", "KEPT", "MISSING", "OLDEST MISSING")
	missing := uint64(0)
	for _, e := range found {
		missing += e.Missing
		row(w, line(e.Service), strconv.FormatUint(e.Kept, 10), strconv.FormatUint(e.Missing, 10), clock(e.Oldest))
		if !t.json() {
			continue
		}
		v := emissionView{Service: e.Service, Kept: e.Kept, Missing: e.Missing, Oldest: unlessZero(e.Oldest), Published: ran && e.Missing > 0}
		if err := t.object(v); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if missing > 0 && !ran {
		t.say("Nothing was published. To do it, add --run.")
	}
	return nil
}

// database connects to the PostgreSQL of one service, or of all.
func (t *tool) database() (*pgx.Conn, error) {
	vars, err := config.Environment()
	if err != nil {
		return nil, err
	}
	url := vars[databaseURL]
	if url == "" {
		demo, err := system.ReadDemoEnv(t.runDir(vars))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if url = demo[databaseURL]; url == "" {
			return nil, fmt.Errorf("no database is given: set %s or %s_FILE, as the service has it, or name the run folder with --run-dir", databaseURL, databaseURL)
		}
	}
	ctx, cancel := t.within()
	defer cancel()
	cfg, err := pgx.ParseConfig(url)
	if err != nil { // its text could contain the password
		return nil, operate.Invalid(databaseURL + " is not a PostgreSQL URL")
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // the service's address may be a pooler's
	db, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil { // its text could contain the password
		return nil, errors.New("the database in " + databaseURL + " cannot be reached: check the address and that it runs")
	}
	return db, nil
}
