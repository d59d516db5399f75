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

	"european-pay.eu/eupay/internal/errs"
)

var keyForm = regexp.MustCompile(`^product-images/([0-9a-f-]{36})/[0-9a-f-]{36}\.(jpg|png|webp|gif)$`)

// The problems of uploads that do not exist.
const (
	notUploaded = "has no image yet: upload it first"
	uploadGone  = "was uploaded too long ago and has been removed: upload the image again"
)

func refuseImage(why string) error {
	return errs.Invalid(errs.Field{Field: "image_url", Message: "image_url " + why + "."})
}

// Key validates the image URL that a merchant gives a product. For an object in our store, which must be the merchant's own, it
// returns the key, which Attach or Verify then checks. For any other URL, which must be https, it returns no key. Such URLs are
// shown but never fetched, so their content is not checked, whatever their extension.
func (i *Images) Key(merchantID, imageURL string) (string, error) {
	if imageURL == "" {
		return "", nil
	}
	if name, ok := strings.CutPrefix(imageURL, i.o.StaticURL+"/"); ok && IsIllustration(name) {
		return "", nil
	}
	u, err := url.Parse(imageURL)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return "", refuseImage("must be an https URL")
	}
	if host(u) == host(i.public) {
		return i.ownKey(merchantID, imageURL)
	}
	if u.Scheme != "https" {
		return "", refuseImage("must be an https URL")
	}
	return "", nil
}

// host returns the host of a URL in canonical form: without the port and a trailing dot, which would lead to the same server.
func host(u *url.URL) string { return strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) }

func (i *Images) ownKey(merchantID, imageURL string) (string, error) {
	key, ok := strings.CutPrefix(imageURL, i.o.PublicURL+"/")
	form := keyForm.FindStringSubmatch(key)
	if !ok || form == nil || form[1] != merchantID {
		return "", refuseImage("is not an image that you uploaded: use the imageUrl from /product/upload-image-url")
	}
	if i.s3 == nil {
		return "", errs.New(errs.Unavailable, "The image cannot be checked: no image store is set up.")
	}
	return key, nil
}

// Attach verifies the upload for the key, and copies exactly those bytes to the public object. Whoever still has the signed URL
// may upload something else, but it never becomes public.
func (i *Images) Attach(ctx context.Context, key string) error {
	return i.verify(ctx, uploads+key, func(ctx context.Context, kind string, picture []byte) error {
		return i.store(ctx, key, kind, picture)
	})
}

// Verify verifies the public object at the key.
func (i *Images) Verify(ctx context.Context, key string) error {
	return i.verify(ctx, key, func(context.Context, string, []byte) error { return nil })
}

// verify reads an object and refuses it if it is not a picture of the type in its key. then receives the picture.
func (i *Images) verify(ctx context.Context, key string, then func(ctx context.Context, kind string, picture []byte) error) error {
	// An upload is read and then written.
	ctx, cancel := context.WithTimeout(ctx, 2*storeTimeout)
	defer cancel()
	select {
	case i.verifying <- struct{}{}:
		defer func() { <-i.verifying }()
	case <-ctx.Done():
		return errStoreUnavailable(ctx.Err())
	}
	picture, err := i.read(ctx, key)
	if err != nil {
		return err
	}
	kind := kindOf(picture)
	if kind == "" || !strings.HasSuffix(key, "."+extensions[kind]) {
		return refuseImage("does not contain an image of the announced type: upload a JPEG, PNG, WebP or GIF")
	}
	return then(ctx, kind, picture)
}

// read reads an object of at most MaxImage bytes.
func (i *Images) read(ctx context.Context, key string) ([]byte, error) {
	object, info, _, err := (minio.Core{Client: i.s3}).GetObject(ctx, i.o.Bucket, key, minio.GetObjectOptions{})
	if isAbsent(err) {
		return nil, refuseImage(notUploaded)
	}
	if err != nil {
		return nil, errStoreUnavailable(err)
	}
	defer object.Close()
	tooLarge := refuseImage(fmt.Sprintf("is larger than %d MiB: upload a smaller image", MaxImage>>20))
	if info.Size > MaxImage {
		return nil, tooLarge
	}
	picture, err := io.ReadAll(io.LimitReader(object, MaxImage+1))
	if err != nil {
		return nil, errStoreUnavailable(err)
	}
	if len(picture) > MaxImage {
		return nil, tooLarge
	}
	return picture, nil
}

func isAbsent(err error) bool { return minio.ToErrorResponse(err).StatusCode == http.StatusNotFound }

// Put stores an image that was generated for a merchant and returns its public URL.
func (i *Images) Put(ctx context.Context, merchantID, contentType string, image []byte) (string, error) {
	if i.s3 == nil {
		return "", errors.New("no image store is set up")
	}
	key := i.newKey(merchantID, contentType)
	return i.o.PublicURL + "/" + key, i.store(ctx, key, contentType, image)
}

func (i *Images) store(ctx context.Context, key, contentType string, image []byte) error {
	_, err := i.s3.PutObject(ctx, i.o.Bucket, key, bytes.NewReader(image), int64(len(image)), minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return errStoreUnavailable(fmt.Errorf("store image: %w", err))
	}
	return nil
}

// remove deletes an object if it exists.
func (i *Images) remove(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := i.s3.RemoveObject(ctx, i.o.Bucket, key, minio.RemoveObjectOptions{}); err != nil && !isAbsent(err) {
		return errStoreUnavailable(fmt.Errorf("remove image: %w", err))
	}
	return nil
}

// deleteTooLarge deletes an upload that exceeds the size limit.
func (i *Images) deleteTooLarge(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	info, err := i.s3.StatObject(ctx, i.o.Bucket, uploads+key, minio.StatObjectOptions{})
	if isAbsent(err) {
		return nil
	}
	if err != nil {
		return errStoreUnavailable(fmt.Errorf("inspect upload: %w", err))
	}
	if info.Size <= MaxImage {
		return nil
	}
	return i.remove(ctx, uploads+key)
}

func errStoreUnavailable(err error) error {
	e := errs.New(errs.Unavailable, "The image store does not answer. Repeat the request in a moment.")
	e.RetryAfter = time.Second
	return errors.Join(e, err)
}
