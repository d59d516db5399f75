package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"european-pay.eu/eupay/internal/outbound"
)

// Objects is where archives are stored.
type Objects interface {
	// Put stores an object.
	Put(ctx context.Context, name, contentType string, content []byte) error
	// Get reads an object.
	Get(ctx context.Context, name string) ([]byte, error)
}

// Nowhere is where objects are when the settings name no store.
type Nowhere struct{}

var errNowhere = errors.New("the store of the archive is not known: set EUPAY_ARCHIVE_S3_ENDPOINT and the settings that go with it, as the payments service has them")

// Put returns an error.
func (Nowhere) Put(context.Context, string, string, []byte) error { return errNowhere }

// Get returns an error.
func (Nowhere) Get(context.Context, string) ([]byte, error) { return nil, errNowhere }

const (
	// callTimeout is the deadline of a request to the store, for an object of some megabytes.
	callTimeout = time.Minute
	connectWait = 4 * time.Second
	// largest is more than any object that is made here.
	largest = 1 << 30
)

// Store is an S3-compatible store.
type Store struct {
	client    *minio.Client
	transport *http.Transport
	bucket    string
}

// OpenStore returns the store of valid settings that have an endpoint. Call Close at the end.
func OpenStore(c Config) (*Store, error) {
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("read EUPAY_ARCHIVE_S3_ENDPOINT: %w", err)
	}
	s := &Store{
		bucket:    c.Bucket,
		transport: &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: connectWait, DisableCompression: true},
	}
	s.client, err = minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: endpoint.Scheme == "https", Region: c.Region,
		BucketLookup: minio.BucketLookupPath, Transport: outbound.Traced("s3", s.transport), MaxRetries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("open the store of the archive: %w", err)
	}
	return s, nil
}

// Close closes idle connections.
func (s *Store) Close() { s.transport.CloseIdleConnections() }

// Put stores an object.
func (s *Store) Put(ctx context.Context, name, contentType string, content []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.client.PutObject(ctx, s.bucket, name, bytes.NewReader(content), int64(len(content)),
		minio.PutObjectOptions{ContentType: contentType, DisableMultipart: true, SendContentMd5: true})
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// Get reads an object.
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	object, err := s.client.GetObject(ctx, s.bucket, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer object.Close()
	content, err := io.ReadAll(io.LimitReader(object, largest))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return content, nil
}
