// Package s3 simulates an S3 store: one bucket in a folder, whose public objects everyone may read and which only the holder of
// the key may write. It checks Signature Version 4 like a real store, answers in S3's format, and answers NotImplemented to
// everything else.
package s3

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config has the settings of a Store. Only Public, MaxObject, Now and Log have defaults.
type Config struct {
	// Dir is the folder of the objects. It is created if it does not exist.
	Dir string
	// Bucket is the name of the only bucket; Region is its region, as in every signature.
	Bucket, Region       string
	AccessKey, SecretKey string
	// Public are the prefixes of keys that everyone may read, like the bucket policy of a real store. Empty: all keys.
	Public string
	// MaxObject is the maximum size of an object, in bytes. Default 32 MiB.
	MaxObject int64

	Now func() time.Time
	Log *slog.Logger
}

const maxObject = 32 << 20

func (c Config) withDefaults() Config {
	if c.MaxObject <= 0 {
		c.MaxObject = maxObject
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Store is the store. Its handler serves concurrent requests.
type Store struct {
	cfg     Config
	objects folder
}

// New opens a store, with the objects that an earlier one left in the folder.
func New(cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	for name, value := range map[string]string{
		"folder": cfg.Dir, "bucket": cfg.Bucket, "region": cfg.Region, "access key": cfg.AccessKey, "secret key": cfg.SecretKey,
	} {
		if value == "" {
			return nil, fmt.Errorf("open S3 store: the %s is required", name)
		}
	}
	objects, err := openFolder(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open S3 store: %w", err)
	}
	return &Store{cfg: cfg, objects: objects}, nil
}

// Handler serves /<bucket>/<key>. It must be the root: signatures cover the whole path.
func (s *Store) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Store) serve(w http.ResponseWriter, r *http.Request) {
	allowBrowsers(w.Header())
	err := s.answer(w, r)
	if err == nil {
		return
	}
	var f fault
	if !errors.As(err, &f) {
		s.cfg.Log.Error("S3 request was not answered", "method", r.Method, "path", r.URL.Path, "error", err)
		f = errInternal
	}
	f.write(w, r)
}

// answer determines who asks, whether they may, and for what.
func (s *Store) answer(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodOptions {
		return preflight(w, r)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return errURI
	}
	who, err := s.authenticate(r, query)
	if err != nil {
		return err
	}
	wish := beyondSignature(query)
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	reads := key != "" && strings.HasPrefix(key, s.cfg.Public) && (r.Method == http.MethodGet || r.Method == http.MethodHead)
	switch {
	case who == nil && (!reads || len(wish) > 0):
		return errDenied
	case bucket == "":
		return errNotDone
	case bucket != s.cfg.Bucket:
		return errNoBucket
	case key == "":
		return s.aboutBucket(w, r, wish)
	case len(wish) > 0 || asksMore(r):
		return errNotDone
	}
	return s.aboutObject(w, r, key, who)
}

// beyondSignature are parameters that select an operation and do not belong to the signature. x-id only names the operation.
func beyondSignature(query url.Values) url.Values {
	wish := make(url.Values)
	for name, values := range query {
		if !isSignature[name] && name != "x-id" {
			wish[name] = values
		}
	}
	return wish
}

// aboutBucket answers the requests that clients make before they use a bucket.
func (s *Store) aboutBucket(w http.ResponseWriter, r *http.Request, wish url.Values) error {
	w.Header().Set("X-Amz-Bucket-Region", s.cfg.Region)
	switch {
	case r.Method == http.MethodHead && len(wish) == 0:
		return nil
	case r.Method == http.MethodGet && len(wish) == 1 && wish.Has("location"):
		return writeXML(w, http.StatusOK, location{Region: s.cfg.Region})
	}
	return errNotDone
}

func (s *Store) aboutObject(w http.ResponseWriter, r *http.Request, key string, who *claim) error {
	if err := checkKey(key); err != nil {
		return err
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.get(w, r, key)
	case http.MethodPut:
		return s.put(w, r, key, who)
	case http.MethodDelete:
		if err := s.objects.remove(key); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return errNotDone
}
