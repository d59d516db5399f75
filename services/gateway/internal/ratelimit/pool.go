package ratelimit

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Limits of connections to Redis. Calls have shorter deadlines; these apply where a call has none.
const (
	connectionsPerCPU = 10
	answerTimeout     = 3 * time.Second
	idleTimeout       = 30 * time.Minute
	// restAfter is the idle time after which a connection is tested before use: Redis may have been restarted.
	restAfter = time.Second
)

var errURL = errors.New("it is not a Redis URL: redis://user:password@host:6379/0, or rediss:// for TLS")

// NewPool returns a pool of connections to the Redis at the URL, which connects when first used. The caller closes it.
func NewPool(rawURL string) (*redis.Pool, error) {
	addr, options, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	size := connectionsPerCPU * runtime.GOMAXPROCS(0)
	return &redis.Pool{
		DialContext: func(ctx context.Context) (redis.Conn, error) { return redis.DialContext(ctx, "tcp", addr, options...) },
		MaxActive:   size, MaxIdle: size, Wait: true, IdleTimeout: idleTimeout, TestOnBorrowContext: try,
	}, nil
}

// try checks that Redis still answers on an idle connection.
func try(ctx context.Context, conn redis.Conn, lastUsed time.Time) error {
	if time.Since(lastUsed) < restAfter {
		return nil
	}
	_, err := redis.DoContext(conn, ctx, "PING")
	return err
}

// parse returns the address and the options of connections. Its error does not contain the password.
func parse(rawURL string) (addr string, options []redis.DialOption, err error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Opaque != "" || u.RawQuery != "" || (u.Scheme != "redis" && u.Scheme != "rediss") {
		return "", nil, errURL
	}
	options = []redis.DialOption{redis.DialReadTimeout(answerTimeout), redis.DialWriteTimeout(answerTimeout)}
	if db := strings.Trim(u.Path, "/"); db != "" {
		n, err := strconv.ParseUint(db, 10, 16)
		if err != nil {
			return "", nil, errURL
		}
		options = append(options, redis.DialDatabase(int(n)))
	}
	if password, ok := u.User.Password(); ok {
		options = append(options, redis.DialUsername(u.User.Username()), redis.DialPassword(password))
	}
	if u.Scheme == "rediss" { // the client's own TLS would ignore the context's deadline
		secure := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
		options = append(options, redis.DialContextFunc(secure.DialContext))
	}
	return net.JoinHostPort(orElse(u.Hostname(), "localhost"), orElse(u.Port(), "6379")), options, nil
}

func orElse(value, usual string) string {
	if value == "" {
		return usual
	}
	return value
}
