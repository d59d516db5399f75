package ratelimit

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/gomodule/redigo/redis"

	"european-pay.eu/eupay/internal/child"
	"european-pay.eu/eupay/internal/freeport"
)

// realRedis starts Redis without persistence and returns its URL.
func realRedis(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("NOT TESTED: redis-server is not installed")
	}
	free, err := freeport.Find()
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(free)
	cmd := exec.CommandContext(t.Context(), path, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
	p, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Signal(syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		<-p.Done()
	})
	url := "redis://127.0.0.1:" + port
	for {
		if conn, err := redis.DialURLContext(t.Context(), url); err == nil {
			_, err = redis.DoContext(conn, t.Context(), "PING")
			if conn.Close(); err == nil {
				return url
			}
		}
		select {
		case <-p.Done():
			t.Fatalf("redis-server ended: %v", p.Err())
		default:
		}
	}
}

// TestARealRedisBehavesTheSame runs the cases that need no other time than that of Redis.
func TestARealRedisBehavesTheSame(t *testing.T) {
	t.Parallel()
	url := realRedis(t)
	for name, test := range map[string]func(*testing.T, bench){
		"no more than the limit":         exactLimit,
		"keys are apart":                 apart,
		"concurrent calls":               concurrent,
		"a limit of zero lets nobody in": zero,
		"forgets":                        forgets,
	} {
		t.Run(name, func(t *testing.T) {
			b := bench{Limiter: NewRedis(pool(t, url), "p1")}
			for _, key := range []string{"k", "one", "two", "other"} {
				if err := b.Forget(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
			test(t, b)
		})
	}
	t.Run("two replicas count together", func(t *testing.T) {
		one, two := bench{Limiter: NewRedis(pool(t, url), "p1")}, bench{Limiter: NewRedis(pool(t, url), "p2")}
		if n := one.allowed(t, "both", 10, 6) + two.allowed(t, "both", 10, 6); n != 10 {
			t.Errorf("%d calls allowed, want 10", n)
		}
	})
}
