package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"

	"european-pay.eu/eupay/internal/run/trace"
)

// windowScript keeps the calls of a key in a sorted set by microsecond. It uses the clock of Redis, so the replicas' clocks need
// not agree. It returns the number of remaining calls, -1 for a refused one, and the microseconds until the oldest counted call
// leaves the window, or until the next call will be allowed.
var windowScript = redis.NewScript(1, `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local n = redis.call('ZCARD', KEYS[1])
if n < limit then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window / 1000)
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return {limit - n - 1, tonumber(oldest[2]) + window - now}
end
if limit < 1 then return {-1, window} end
local edge = redis.call('ZRANGE', KEYS[1], n - limit, n - limit, 'WITHSCORES')
return {-1, tonumber(edge[2]) + window - now}
`)

const keyPrefix = "eupay:rate:"

// Redis is a Limiter that replicas share.
type Redis struct {
	pool *redis.Pool
	// member makes each call a distinct member of the set.
	process string
	window  time.Duration
	calls   atomic.Uint64
}

// NewRedis returns a limiter over Window. process must differ between processes, for example a random id.
func NewRedis(pool *redis.Pool, process string) *Redis {
	return NewRedisOver(pool, process, Window)
}

// NewRedisOver is NewRedis with the given window. A key must always be counted over the same window.
func NewRedisOver(pool *redis.Pool, process string, window time.Duration) *Redis {
	return &Redis{pool: pool, process: process, window: window}
}

// Allow implements Limiter.
func (r *Redis) Allow(ctx context.Context, key string, limit int) (Decision, error) {
	member := r.process + ":" + strconv.FormatUint(r.calls.Add(1), 36)
	answer, err := r.run(ctx, keyPrefix+key, r.window.Microseconds(), limit, member)
	if err != nil {
		return Decision{}, fmt.Errorf("count call in Redis: %w", err)
	}
	left, reset := answer[0], time.Duration(answer[1])*time.Microsecond
	return Decision{Allowed: left >= 0, Limit: limit, Remaining: int(max(left, 0)), Window: r.window, Reset: reset}, nil
}

// Forget implements Limiter.
func (r *Redis) Forget(ctx context.Context, key string) error {
	err := r.use(ctx, "DEL", func(ctx context.Context, conn redis.Conn) error {
		_, err := redis.DoContext(conn, ctx, "DEL", keyPrefix+key)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget calls in Redis: %w", err)
	}
	return nil
}

func (r *Redis) run(ctx context.Context, keyAndArguments ...any) (answer [2]int64, err error) {
	err = r.use(ctx, "EVALSHA", func(ctx context.Context, conn redis.Conn) error {
		list, err := redis.Int64s(windowScript.DoContext(ctx, conn, keyAndArguments...))
		if err == nil && copy(answer[:], list) < len(answer) {
			return errors.New("the script gave no decision")
		}
		return err
	})
	return answer, err
}

// use runs a command on a connection, within a span that has the wait for the connection too.
func (r *Redis) use(ctx context.Context, command string, do func(context.Context, redis.Conn) error) error {
	ctx, span := trace.Start(ctx, trace.Client, command+" redis", trace.Redis(command)...)
	conn, err := r.pool.GetContext(ctx)
	if err == nil {
		err = do(ctx, conn)
		conn.Close() // returns it to the pool, or closes it if it is broken
	}
	span.End(err)
	return err
}
