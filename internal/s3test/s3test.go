// Package s3test gives a test a real S3 store: the program cmd/eupay-s3, which checks signatures as a store must.
package s3test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/child"
	"european-pay.eu/eupay/internal/freeport"
	"european-pay.eu/eupay/internal/s3ready"
)

// Store is a running store with one bucket that everybody may read.
type Store struct {
	Endpoint, Bucket, Region, AccessKey, SecretKey string
	// PublicURL is the base of what everybody reads.
	PublicURL string
}

const (
	program    = "european-pay.eu/eupay/cmd/eupay-s3"
	readyLimit = 30 * time.Second
)

var (
	once   sync.Once
	binary string
	errOf  error
)

// Main runs the tests of a package that use New, and removes the program that was built for them. It is for TestMain.
func Main(run func() int) int {
	defer func() {
		if binary != "" {
			os.RemoveAll(filepath.Dir(binary))
		}
	}()
	return run()
}

// build builds the program once for the tests of a package. The compiler's cache makes all but the first one quick.
func build() {
	dir, err := os.MkdirTemp("", "eupay-s3-")
	if err != nil {
		errOf = err
		return
	}
	binary = filepath.Join(dir, "eupay-s3")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, program).CombinedOutput()
	if err != nil {
		errOf = fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
}

// New runs a store that ends with the test.
func New(t testing.TB) Store {
	t.Helper()
	once.Do(build)
	if errOf != nil {
		t.Fatal(errOf)
	}
	l, err := freeport.Listen()
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := Store{Endpoint: "http://" + addr, Bucket: "eupay-images", Region: "eu-west-3", AccessKey: "test-access-key", SecretKey: "test-secret-key-of-the-store"}
	s.PublicURL = s.Endpoint + "/" + s.Bucket
	cmd := exec.CommandContext(context.Background(), binary)
	cmd.Stderr = os.Stderr
	cmd.Env = []string{
		"EUPAY_S3_ADDR=" + addr, "EUPAY_S3_DIR=" + t.TempDir(), "EUPAY_S3_BUCKET=" + s.Bucket, "EUPAY_S3_REGION=" + s.Region,
		"EUPAY_S3_ACCESS_KEY=" + s.AccessKey, "EUPAY_S3_SECRET_KEY=" + s.SecretKey,
	}
	p, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-p.Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), readyLimit)
	defer cancel()
	if err := s3ready.Wait(ctx, s.PublicURL, p.Done()); err != nil {
		t.Fatal(err)
	}
	return s
}
