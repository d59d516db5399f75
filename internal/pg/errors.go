package pg

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE classes (PostgreSQL's documentation, appendix A) that tell of the server's or the connection's state and nothing of what
// was asked: 08 connection, 25 transaction state (25006: read-only, as after a failover), 28 authorization, 40 rollback
// (serialization, deadlock), 53 resources (disk full, too many connections), 55 not in the right state (55P03: lock not
// available), 57 operator intervention (shutting down, cancelled), 58 system.
var infrastructure = map[string]bool{
	"08": true, "25": true, "28": true, "40": true, "53": true, "55": true, "57": true, "58": true,
}

// IsInfrastructure tells trouble with the database, the connection or a deadline, which passes by itself, from an error that the
// same statement would meet again.
func IsInfrastructure(err error) bool {
	if err == nil {
		return false
	}
	if state := sqlState(err); state != "" {
		return infrastructure[state[:2]]
	}
	var (
		connectErr *pgconn.ConnectError
		netErr     net.Error
	)
	return errors.As(err, &connectErr) || errors.As(err, &netErr) || pgconn.SafeToRetry(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || saysSo(err)
}

// saysSo: errors of pgx that have no type.
func saysSo(err error) bool {
	text := err.Error()
	return strings.Contains(text, "closed pool") || strings.Contains(text, "conn closed") || strings.Contains(text, "unexpected EOF")
}

// IsData reports whether the values themselves were refused: 22 (a value that its type cannot hold) or 23 (a constraint). Only such
// an error, when it stays, is the fault of what was to be recorded.
func IsData(err error) bool {
	state := sqlState(err)
	return state != "" && (state[:2] == "22" || state[:2] == "23")
}

// IsUnreachable reports whether the server could not be reached, is only starting or stopping, or takes no writes yet: waiting helps.
func IsUnreachable(err error) bool {
	var connectErr *pgconn.ConnectError
	if state := sqlState(err); state != "" {
		return state[:2] == "57" || state[:2] == "53" || state == readOnly
	}
	return errors.As(err, &connectErr)
}

// readOnly is the state of a write on a server that takes none.
const readOnly = "25006"

// sqlState is five characters, or empty when the error is not PostgreSQL's.
func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && len(pgErr.Code) == 5 {
		return pgErr.Code
	}
	return ""
}

// keepConnection decides after an error of the server whether the connection is used any further. One to a server that takes no
// writes is to a primary that was demoted: a new one finds the primary of now.
func keepConnection(_ *pgconn.PgConn, err *pgconn.PgError) bool {
	return !strings.EqualFold(err.Severity, "FATAL") && err.Code != readOnly
}
