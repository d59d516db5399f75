package stack

import (
	"fmt"
	"net"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/sandbox/s3"
)

// startS3 starts the S3 store of product images, unless another was given.
func (s *Stack) startS3() error {
	sys := s.System()
	if !sys.OwnS3() {
		return nil
	}
	store, err := s3.New(s3.Config{
		Dir: s.dir("s3"), Bucket: system.S3Bucket, Region: system.S3Region, AccessKey: system.S3AccessKey, SecretKey: sys.Secrets.S3Key,
		Public: system.S3Public, Log: s.log.With("service", "s3"),
	})
	if err != nil {
		return fmt.Errorf("start the S3 store: %w", err)
	}
	l, err := net.Listen("tcp", system.Loopback(sys.Ports.S3))
	if err != nil {
		return fmt.Errorf("listen for the S3 store: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.s3 = s.supervise("S3 store", serve(l, store.Handler()))
	return nil
}
