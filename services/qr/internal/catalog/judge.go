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

// What is said of uploads that are not there.
const (
	notUploaded = "holds no image yet: upload it first"
	uploadGone  = "was uploaded too long ago and is removed: upload the image again"
)

func refuseImage(why string) error {
	return errs.Invalid(errs.Field{Field: "image_url", Message: "image_url " + why + "."})
}

// Key judges the image URL that a merchant gives a product. It returns the key of an object of our store, which must be the
// merchant's own and is for Attach or Judge to look at; no key for any other URL. Those of others must be https. They are shown
// and never fetched, so what is behind them is for whoever shows them; how they end says nothing about it.
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

// host is who a URL leads to, however it is written: another port or a dot at the end would lead there, too.
func host(u *url.URL) string { return strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) }

func (i *Images) ownKey(merchantID, imageURL string) (string, error) {
	key, ok := strings.CutPrefix(imageURL, i.o.PublicURL+"/")
	form := keyForm.FindStringSubmatch(key)
	if !ok || form == nil || form[1] != merchantID {
		return "", refuseImage("is not one that you have uploaded: take the imageUrl of /product/upload-image-url")
	}
	if i.s3 == nil {
		return "", errs.New(errs.Unavailable, "The image cannot be checked: no image store is set up.")
	}
	return key, nil
}

// Attach judges what was uploaded for the key, and puts exactly those bytes where everybody reads them. Whoever still holds the
// signed URL may upload something else, which nobody sees.
func (i *Images) Attach(ctx context.Context, key string) error {
	return i.judge(ctx, uploads+key, func(ctx context.Context, kind string, picture []byte) error {
		return i.store(ctx, key, kind, picture)
	})
}

// Judge judges what everybody reads at the key.
func (i *Images) Judge(ctx context.Context, key string) error {
	return i.judge(ctx, key, func(context.Context, string, []byte) error { return nil })
}

// judge reads an object and refuses what is no picture of the type that its key announces. then gets it.
func (i *Images) judge(ctx context.Context, key string, then func(ctx context.Context, kind string, picture []byte) error) error {
	// An upload is read and written.
	ctx, cancel := context.WithTimeout(ctx, 2*storeTimeout)
	defer cancel()
	select {
	case i.judging <- struct{}{}:
		defer func() { <-i.judging }()
	case <-ctx.Done():
		return unreachable(ctx.Err())
	}
	picture, err := i.read(ctx, key)
	if err != nil {
		return err
	}
	kind := kindOf(picture)
	if kind == "" || !strings.HasSuffix(key, "."+extensions[kind]) {
		return refuseImage("does not hold an image of the type that was announced: upload a JPEG, PNG, WebP or GIF")
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
		return nil, unreachable(err)
	}
	defer object.Close()
	tooLarge := refuseImage(fmt.Sprintf("holds more than %d MiB: upload a smaller image", MaxImage>>20))
	if info.Size > MaxImage {
		return nil, tooLarge
	}
	picture, err := io.ReadAll(io.LimitReader(object, MaxImage+1))
	if err != nil {
		return nil, unreachable(err)
	}
	if len(picture) > MaxImage {
		return nil, tooLarge
	}
	return picture, nil
}

func isAbsent(err error) bool { return minio.ToErrorResponse(err).StatusCode == http.StatusNotFound }

// Put stores an image that was made for a merchant and returns its public URL.
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
		return unreachable(fmt.Errorf("store image: %w", err))
	}
	return nil
}

// remove deletes an object, if there is one.
func (i *Images) remove(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := i.s3.RemoveObject(ctx, i.o.Bucket, key, minio.RemoveObjectOptions{}); err != nil && !isAbsent(err) {
		return unreachable(fmt.Errorf("remove image: %w", err))
	}
	return nil
}

// dropLarge deletes an upload that no product can get because of its size.
func (i *Images) dropLarge(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	info, err := i.s3.StatObject(ctx, i.o.Bucket, uploads+key, minio.StatObjectOptions{})
	if isAbsent(err) {
		return nil
	}
	if err != nil {
		return unreachable(fmt.Errorf("look at upload: %w", err))
	}
	if info.Size <= MaxImage {
		return nil
	}
	return i.remove(ctx, uploads+key)
}

func unreachable(err error) error {
	e := errs.New(errs.Unavailable, "The image store does not answer. Repeat the request in a moment.")
	e.RetryAfter = time.Second
	return errors.Join(e, err)
}
