package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/internal/run/events"
)

const (
	// UploadTTL is how long an upload URL is valid.
	UploadTTL   = 5 * time.Minute
	maxFilename = 255
	// storeTimeout is the deadline of a request to the store.
	storeTimeout = 4 * time.Second
	// picturesAtOnce limits the pictures that are verified concurrently, and so the memory.
	picturesAtOnce = 8
	// uploads is the private prefix of uploaded objects: unverified images are never public.
	uploads = "uploads/"
)

// ImageSettings say where images are stored, in any S3-compatible store.
type ImageSettings struct {
	// Endpoint is the store's URL without the bucket. Without it nothing can be uploaded.
	Endpoint             string
	Bucket, Region       string
	AccessKey, SecretKey string
	// PublicURL is the base URL of public images: the CDN in front of the bucket.
	PublicURL string
	// StaticURL is the base URL of the illustrations that the gateway serves.
	StaticURL string
}

// Images signs uploads and verifies what was uploaded.
type Images struct {
	s3        *minio.Client
	transport *http.Transport
	o         ImageSettings
	public    *url.URL
	verifying chan struct{}
}

// NewImages returns the images for these settings. Call Close at the end.
func NewImages(o ImageSettings) (*Images, error) {
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errors.New("EUPAY_S3_PUBLIC_URL must be an http or https URL")
	}
	i := &Images{o: o, public: public, verifying: make(chan struct{}, picturesAtOnce)}
	if o.Endpoint == "" {
		return i, nil
	}
	endpoint, err := url.Parse(o.Endpoint)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
		return nil, errors.New("EUPAY_S3_ENDPOINT must be an http or https URL")
	}
	i.transport = &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: storeTimeout, DisableCompression: true}
	i.s3, err = minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: endpoint.Scheme == "https", Region: o.Region,
		BucketLookup: minio.BucketLookupPath, Transport: outbound.Traced("s3", i.transport), MaxRetries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("open the image store: %w", err)
	}
	return i, nil
}

// Close closes idle connections to the store.
func (i *Images) Close() {
	if i.transport != nil {
		i.transport.CloseIdleConnections()
	}
}

// Upload is one signed upload. ImageURL does not exist until the upload is saved on a product.
type Upload struct{ URL, ImageURL, Key string }

// Sign signs one upload of a merchant. The file name is validated but not used: we choose the keys. With a size in bytes the
// store accepts exactly that many; without one the size is checked after the upload, because the size of a PUT cannot be limited
// otherwise.
func (i *Images) Sign(ctx context.Context, merchantID, filename, contentType string, size *int64) (Upload, error) {
	var bad refusals
	bad.unless(filename != "" && isLine(filename, maxFilename) && !strings.ContainsAny(filename, `/\`) && filename != "..", "filename",
		"must be the name of a file, without folders, of at most %d characters", maxFilename)
	bad.unless(extensions[contentType] != "", "contentType", "must be image/jpeg, image/png, image/webp or image/gif")
	bad.unless(size == nil || *size >= 1 && *size <= MaxImage, "size", "must be from 1 to %d bytes", MaxImage)
	if err := bad.err(); err != nil {
		return Upload{}, err
	}
	if i.s3 == nil {
		return Upload{}, errs.New(errs.Unavailable, "Images cannot be uploaded here: no image store is set up. Give the https URL of an image instead.")
	}
	key := i.newKey(merchantID, contentType)
	// Signed headers cannot be changed by the sender.
	fixed := http.Header{"Content-Type": {contentType}}
	if size != nil {
		fixed.Set("Content-Length", strconv.FormatInt(*size, 10))
	}
	signed, err := i.s3.PresignHeader(ctx, http.MethodPut, i.o.Bucket, uploads+key, UploadTTL, nil, fixed)
	if err != nil {
		return Upload{}, fmt.Errorf("sign upload: %w", err)
	}
	return Upload{URL: signed.String(), ImageURL: i.o.PublicURL + "/" + key, Key: key}, nil
}

func (i *Images) newKey(merchantID, contentType string) string {
	return "product-images/" + merchantID + "/" + events.NewID() + "." + extensions[contentType]
}
