package pg

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Explain adds to an error what an operator can do about it, if it is one of those that a wrong setting causes.
func Explain(err error) error {
	state := sqlState(err)
	var hint string
	switch {
	case state == "53300" || state == "08P01" && strings.Contains(err.Error(), "no more connections allowed"):
		hint = "the database has no connection left: its max_connections must exceed the sum of EUPAY_DATABASE_CONNS over all replicas of all services, " +
			"also during a rollout; lower EUPAY_DATABASE_CONNS, raise max_connections, or put PgBouncer between them (EUPAY_DATABASE_POOLING)"
	case lostStatement[state]:
		hint = "a pooler in transaction mode is between the service and the database: set EUPAY_DATABASE_POOLING=transaction and EUPAY_DATABASE_DIRECT_URL"
	case refusesParameter(err):
		hint = "a pooler refuses how the service signs in: in transaction mode set EUPAY_DATABASE_POOLING=transaction and EUPAY_DATABASE_DIRECT_URL; " +
			"in session mode name the parameter in PgBouncer's ignore_startup_parameters"
	default:
		return err
	}
	return fmt.Errorf("%s: %w", hint, err)
}

// refusesParameter reports whether a pooler knows a parameter of the connection not, which stays so.
func refusesParameter(err error) bool {
	return sqlState(err) == "08P01" && strings.Contains(err.Error(), "unsupported startup parameter")
}

// Check connects once and reports whether the settings say how the server is really reached: whether a pooler in transaction mode
// is between, and whether the role uses the service's schema. Its errors are explained.
func Check(ctx context.Context, pool *pgxpool.Pool, s Settings) error {
	err := pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if err := s.checkSchema(ctx, conn); err != nil || s.Pooled {
			return err
		}
		return s.checkSession(ctx, pool, conn)
	})
	return Explain(err)
}

func (s Settings) checkSchema(ctx context.Context, conn *pgxpool.Conn) error {
	var uses string
	// This statement is not prepared: the answer must come in every mode of a pooler.
	if err := conn.QueryRow(ctx, `select coalesce(current_schema(), '')`, pgx.QueryExecModeExec).Scan(&uses); err != nil {
		return fmt.Errorf("ask the database which schema is used: %w", err)
	}
	if uses != s.Schema {
		return fmt.Errorf("through the pooler the database uses the schema %q and not %s: run eupayctl database prepare --run, which gives each "+
			"role its search_path, and let PgBouncer connect as that role", uses, s.Schema)
	}
	return nil
}

// errTransactionMode is certain: two open connections cannot share a server process otherwise.
var errTransactionMode = errors.New("a pooler in transaction mode is between the service and the database: set EUPAY_DATABASE_POOLING=transaction and " +
	"EUPAY_DATABASE_DIRECT_URL (for migrations), or let PgBouncer use pool_mode=session")

// checkSession looks for a pooler in transaction mode: it tells a client another process id than the server's, and serves two
// clients with one server process, if no other client takes it in between.
func (s Settings) checkSession(ctx context.Context, pool *pgxpool.Pool, first *pgxpool.Conn) error {
	mine, err := process(ctx, first)
	if err != nil || mine == first.Conn().PgConn().PID() || pool.Config().MaxConns < 2 {
		return err
	}
	return pool.AcquireFunc(ctx, func(second *pgxpool.Conn) error {
		other, err := process(ctx, second)
		if err == nil && other == mine {
			return errTransactionMode
		}
		return err
	})
}

func process(ctx context.Context, conn *pgxpool.Conn) (uint32, error) {
	var pid uint32
	err := conn.QueryRow(ctx, `select pg_backend_pid()`, pgx.QueryExecModeExec).Scan(&pid)
	if err != nil {
		return 0, fmt.Errorf("ask the database for the process: %w", err)
	}
	return pid, nil
}
