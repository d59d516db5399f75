// Command eupay-s3 is an S3 store for one machine: the Versity S3 Gateway over a folder, with one bucket that everybody may
// read and only the holder of the key may write. It is a program of its own because the gateway changes its
// working directory and may run once in a process. In production use a real store.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"european-pay.eu/eupay/internal/config"
)

type settings struct {
	Addr      string `env:"EUPAY_S3_ADDR" envDefault:"127.0.0.1:4012"`
	Dir       string `env:"EUPAY_S3_DIR,required"`
	Bucket    string `env:"EUPAY_S3_BUCKET,required"`
	Region    string `env:"EUPAY_S3_REGION" envDefault:"eu-west-3"`
	AccessKey string `env:"EUPAY_S3_ACCESS_KEY,required"`
	SecretKey string `env:"EUPAY_S3_SECRET_KEY,required"`
}

const (
	connections = 64
	readyLimit  = 20 * time.Second
	readyEvery  = 20 * time.Millisecond
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var s settings
	if err := config.Load(&s); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	backend, err := open(s.Dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ready := make(chan error, 1)
	go func() { // ends with ctx
		err := s.publish(ctx)
		if err != nil {
			cancel(err)
		}
		ready <- err
	}()
	err = embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
		RootUserAccess: s.AccessKey, RootUserSecret: s.SecretKey, Region: s.Region, Ports: []string{s.Addr},
		MaxConnections: connections, MaxRequests: connections, MultipartMaxParts: 1, KeepAlive: true, Quiet: true,
		CORSAllowOrigin: "*", HealthPath: "/healthz", // browsers upload from the portal's origin
	})
	cancel(err)
	if ready := <-ready; ready != nil && !errors.Is(ready, context.Canceled) {
		return ready
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// open opens the folder. What S3 knows about an object beside its bytes lies in files beside it, because not every file
// system has extended attributes.
func open(dir string) (*posix.Posix, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolve EUPAY_S3_DIR: %w", err)
	}
	objects, about := filepath.Join(dir, "objects"), filepath.Join(dir, "about")
	if err := errors.Join(os.MkdirAll(objects, 0o700), os.MkdirAll(about, 0o700)); err != nil {
		return nil, fmt.Errorf("make the folders of the store: %w", err)
	}
	attributes, err := meta.NewSideCar(about)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", about, err)
	}
	backend, err := posix.New(objects, attributes, posix.PosixOpts{SideCarDir: about, NewDirPerm: 0o700, NewFilePerm: 0o600, Concurrency: connections})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", objects, err)
	}
	return backend, nil
}

// publish makes the bucket, once the server answers, and lets everybody read its objects but not list them.
func (s settings) publish(ctx context.Context) error {
	client, err := minio.New(s.Addr, &minio.Options{
		Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""), Region: s.Region, BucketLookup: minio.BucketLookupPath, MaxRetries: 1,
	})
	if err != nil {
		return fmt.Errorf("reach the store: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := s.bucket(limited, client); err != nil {
		return fmt.Errorf("make the bucket: %w", err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + s.Bucket + `/*"}]}`
	if err := client.SetBucketPolicy(limited, s.Bucket, policy); err != nil {
		return fmt.Errorf("let everybody read the bucket: %w", err)
	}
	slog.Info("S3 store is ready", "addr", s.Addr, "bucket", s.Bucket)
	return nil
}

// bucket waits for the server and makes the bucket if it is not there.
func (s settings) bucket(ctx context.Context, client *minio.Client) error {
	for {
		exists, err := client.BucketExists(ctx, s.Bucket)
		if err == nil && exists {
			return nil
		}
		if err == nil {
			return client.MakeBucket(ctx, s.Bucket, minio.MakeBucketOptions{Region: s.Region})
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(readyEvery):
		}
	}
}
