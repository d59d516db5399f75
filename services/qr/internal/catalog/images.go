package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/events"
)

const (
	// UploadTTL is how long an upload URL is good.
	UploadTTL = 5 * time.Minute
	// MaxImage is the largest image, in bytes.
	MaxImage    = 5 << 20
	maxFilename = 255
	// sniffed is how much of a file tells its type (WHATWG MIME Sniffing section 5.2).
	sniffed = 512
	// storeTimeout bounds a question to the store.
	storeTimeout = 4 * time.Second
)

// extensions are the types of images that browsers show and that hold no script.
var extensions = map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}

// ImageSettings say where images are kept, in any store that speaks S3.
type ImageSettings struct {
	// Endpoint is the store's URL without the bucket. Empty: there is no store, and nothing can be uploaded.
	Endpoint             string
	Bucket, Region       string
	AccessKey, SecretKey string
	// PublicURL is the base of what everybody reads: the CDN in front of the bucket.
	PublicURL string
	// StaticURL is the base of the illustrations that the gateway serves.
	StaticURL string
}

// Images signs uploads and judges what was uploaded.
type Images struct {
	s3        *minio.Client
	transport *http.Transport
	o         ImageSettings
	public    *url.URL
}

// NewImages returns the images of these settings. Close it.
func NewImages(o ImageSettings) (*Images, error) {
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errors.New("EUPAY_S3_PUBLIC_URL must be an http or https URL")
	}
	i := &Images{o: o, public: public}
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
		BucketLookup: minio.BucketLookupPath, Transport: i.transport, MaxRetries: 1,
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

// Upload is one signed upload.
type Upload struct{ URL, ImageURL, Key string }

// Sign signs one upload of a merchant. The name of the file is judged but not used: keys are ours alone.
func (i *Images) Sign(ctx context.Context, merchantID, filename, contentType string) (Upload, error) {
	var bad refusals
	bad.unless(filename != "" && isLine(filename, maxFilename) && !strings.ContainsAny(filename, `/\`) && filename != "..", "filename",
		"must be the name of a file, without folders, of at most %d characters", maxFilename)
	bad.unless(extensions[contentType] != "", "contentType", "must be image/jpeg, image/png, image/webp or image/gif")
	if err := bad.err(); err != nil {
		return Upload{}, err
	}
	if i.s3 == nil {
		return Upload{}, errs.New(errs.Unavailable, "Images cannot be uploaded here: no image store is set up. Give the https URL of an image instead.")
	}
	key := i.newKey(merchantID, contentType)
	// The type is part of the signature, so nothing else can be uploaded; the size cannot be, see Check.
	signed, err := i.s3.PresignHeader(ctx, http.MethodPut, i.o.Bucket, key, UploadTTL, nil, http.Header{"Content-Type": {contentType}})
	if err != nil {
		return Upload{}, fmt.Errorf("sign upload: %w", err)
	}
	return Upload{URL: signed.String(), ImageURL: i.o.PublicURL + "/" + key, Key: key}, nil
}

func (i *Images) newKey(merchantID, contentType string) string {
	return "product-images/" + merchantID + "/" + events.NewID() + "." + extensions[contentType]
}

var keyForm = regexp.MustCompile(`^product-images/([0-9a-f-]{36})/[0-9a-f-]{36}\.(jpg|png|webp|gif)$`)

func refuseImage(why string) error {
	return errs.Invalid(errs.Field{Field: "image_url", Message: "image_url " + why + "."})
}

// Check judges the image URL that a merchant gives a product. An object of our store must be the merchant's own, have at
// most MaxImage bytes and be an image by its type and by its first bytes: a signed PUT cannot limit its size. URLs of others
// must be https and are never fetched.
func (i *Images) Check(ctx context.Context, merchantID, imageURL string) error {
	if imageURL == "" {
		return nil
	}
	if name, ok := strings.CutPrefix(imageURL, i.o.StaticURL+"/"); ok && IsIllustration(name) {
		return nil
	}
	u, err := url.Parse(imageURL)
	if err != nil || u.Host == "" || u.User != nil {
		return refuseImage("must be an https URL")
	}
	if strings.EqualFold(u.Host, i.public.Host) {
		return i.checkOwn(ctx, merchantID, imageURL)
	}
	if u.Scheme != "https" {
		return refuseImage("must be an https URL")
	}
	return nil
}

func (i *Images) checkOwn(ctx context.Context, merchantID, imageURL string) error {
	key, ok := strings.CutPrefix(imageURL, i.o.PublicURL+"/")
	form := keyForm.FindStringSubmatch(key)
	if !ok || form == nil || form[1] != merchantID {
		return refuseImage("is not one that you have uploaded: take the imageUrl of /product/upload-image-url")
	}
	if i.s3 == nil {
		return errs.New(errs.Unavailable, "The image cannot be checked: no image store is set up.")
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	info, err := i.s3.StatObject(ctx, i.o.Bucket, key, minio.StatObjectOptions{})
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return refuseImage("holds no image yet: upload it first")
	}
	if err != nil {
		return unreachable(err)
	}
	if info.Size > MaxImage {
		return refuseImage(fmt.Sprintf("holds more than %d MiB: upload a smaller image", MaxImage>>20))
	}
	kind, err := i.sniff(ctx, key)
	if err != nil {
		return err
	}
	if kind != info.ContentType || extensions[kind] != form[2] {
		return refuseImage("does not hold an image of the type that was announced: upload a JPEG, PNG, WebP or GIF")
	}
	return nil
}

// sniff tells the type of an object from its first bytes.
func (i *Images) sniff(ctx context.Context, key string) (string, error) {
	object, err := i.s3.GetObject(ctx, i.o.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return "", unreachable(err)
	}
	defer object.Close()
	head, err := io.ReadAll(io.LimitReader(object, sniffed))
	if err != nil {
		return "", unreachable(err)
	}
	return http.DetectContentType(head), nil
}

// Put stores an image that was made for a merchant and returns its public URL.
func (i *Images) Put(ctx context.Context, merchantID, contentType string, image []byte) (string, error) {
	if i.s3 == nil {
		return "", errors.New("no image store is set up")
	}
	key := i.newKey(merchantID, contentType)
	_, err := i.s3.PutObject(ctx, i.o.Bucket, key, bytes.NewReader(image), int64(len(image)), minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return "", fmt.Errorf("store image: %w", err)
	}
	return i.o.PublicURL + "/" + key, nil
}

func unreachable(err error) error {
	e := errs.New(errs.Unavailable, "The image store does not answer. Repeat the request in a moment.")
	e.RetryAfter = time.Second
	return errors.Join(e, err)
}
