package ratelimit

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
)

// windowScript keeps the calls of a key in a sorted set by microsecond. Redis' own clock counts, so that the clocks of
// the replicas need not agree. It returns 0 when the call is allowed, else the microseconds to wait.
var windowScript = redis.NewScript(1, `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local n = redis.call('ZCARD', KEYS[1])
if n < limit then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window / 1000)
  return 0
end
if limit < 1 then return window end
local edge = redis.call('ZRANGE', KEYS[1], n - limit, n - limit, 'WITHSCORES')
return tonumber(edge[2]) + window - now
`)

// Redis is a Limiter that all replicas share.
type Redis struct {
	pool *redis.Pool
	// member makes each call of this process a member of its own.
	process string
	window  time.Duration
	calls   atomic.Uint64
}

// NewRedis returns a limiter over Window on the connections. The name must differ between processes, such as a random id.
func NewRedis(pool *redis.Pool, process string) *Redis {
	return NewRedisOver(pool, process, Window)
}

// NewRedisOver is NewRedis with a window of its own. A key must always be counted over the same window.
func NewRedisOver(pool *redis.Pool, process string, window time.Duration) *Redis {
	return &Redis{pool: pool, process: process, window: window}
}

// Allow implements Limiter.
func (r *Redis) Allow(ctx context.Context, key string, limit int) (bool, time.Duration, error) {
	member := r.process + ":" + strconv.FormatUint(r.calls.Add(1), 36)
	wait, err := r.run(ctx, "eupay:rate:"+key, r.window.Microseconds(), limit, member)
	if err != nil {
		return false, 0, fmt.Errorf("count call in Redis: %w", err)
	}
	return wait <= 0, time.Duration(wait) * time.Microsecond, nil
}

func (r *Redis) run(ctx context.Context, keyAndArguments ...any) (int64, error) {
	conn, err := r.pool.GetContext(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close() // back to the pool, or away when it is broken
	return redis.Int64(windowScript.DoContext(ctx, conn, keyAndArguments...))
}
