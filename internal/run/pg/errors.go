package pg

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE classes (PostgreSQL's documentation, appendix A) that concern the state of the server or the connection and not the
// statement: 08 connection, 25 transaction state (25006: read-only, as after a failover), 28 authorization, 40 rollback
// (serialization, deadlock), 53 resources (disk full, too many connections), 55 not in the right state (55P03: lock not
// available), 57 operator intervention (shutting down, cancelled), 58 system.
var infrastructure = map[string]bool{
	"08": true, "25": true, "28": true, "40": true, "53": true, "55": true, "57": true, "58": true,
}

// lostStatement are the SQLSTATEs of a prepared statement that another session has: a pooler gave us another connection.
var lostStatement = map[string]bool{"26000": true, "42P05": true}

// IsInfrastructure reports whether err is a temporary problem of the database, the connection or a deadline, and not one that the
// same statement would cause again.
func IsInfrastructure(err error) bool {
	if err == nil {
		return false
	}
	if state := sqlState(err); state != "" {
		return infrastructure[state[:2]] || lostStatement[state]
	}
	var (
		connectErr *pgconn.ConnectError
		netErr     net.Error
	)
	return errors.As(err, &connectErr) || errors.As(err, &netErr) || pgconn.SafeToRetry(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || isUntypedConnectionError(err)
}

// isUntypedConnectionError recognises errors of pgx that have no type.
func isUntypedConnectionError(err error) bool {
	text := err.Error()
	return strings.Contains(text, "closed pool") || strings.Contains(text, "conn closed") || strings.Contains(text, "unexpected EOF")
}

// IsData reports whether the database refused the values: class 22 (a value that its type cannot hold) or 23 (a constraint). Only
// such an error, if it persists, is caused by the data.
func IsData(err error) bool {
	state := sqlState(err)
	return state != "" && (state[:2] == "22" || state[:2] == "23")
}

// IsUnreachable reports whether the server cannot be reached, is starting or stopping, or does not accept writes yet. Waiting
// helps.
func IsUnreachable(err error) bool {
	var connectErr *pgconn.ConnectError
	if state := sqlState(err); state != "" {
		return state[:2] == "57" || state[:2] == "53" || state[:2] == "08" && !refusesParameter(err) || state == readOnly
	}
	return errors.As(err, &connectErr)
}

// IsContended reports whether a statement gave way to other transactions: it waited too long for a lock, or for a deadlock. The same
// transaction can succeed a moment later.
func IsContended(err error) bool {
	state := sqlState(err)
	return state == "55P03" || state == "40P01"
}

// IsSlow reports whether a statement, or the wait for a connection for it, was ended because it took too long.
func IsSlow(err error) bool {
	return sqlState(err) == queryCanceled || errors.Is(err, context.DeadlineExceeded)
}

// readOnly is the SQLSTATE of a write on a read-only server.
const readOnly = "25006"

// sqlState returns the five-character SQLSTATE; empty if the error is not PostgreSQL's.
func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && len(pgErr.Code) == 5 {
		return pgErr.Code
	}
	return ""
}

// keepConnection decides after a server error whether the connection stays in use. A read-only server is a demoted primary, so
// its connection is closed: a new one finds the current primary.
func keepConnection(_ *pgconn.PgConn, err *pgconn.PgError) bool {
	return !strings.EqualFold(err.Severity, "FATAL") && err.Code != readOnly
}
