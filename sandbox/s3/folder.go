package s3

import (
	"crypto/md5" //nolint:gosec // S3's ETag and Content-MD5 are MD5; neither protects anything
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// folder stores each object in its own file: the bytes, then its metadata as JSON, then the length of that JSON in four bytes. It
// is one file, so that one rename replaces both. The file name is the hash of the key, so no key leads out of the folder or is
// too long.
type folder string

const (
	unfinished = "upload-"
	lengthSize = 4
	// maxAbout is larger than any key and type.
	maxAbout = 1 << 20
)

// about is the metadata of an object.
type about struct {
	Key         string    `json:"key"`
	ContentType string    `json:"content_type"`
	ETag        string    `json:"etag"` // with its quotes
	Modified    time.Time `json:"modified"`
}

// object is an open object. Close it.
type object struct {
	about
	*os.File
	content *io.SectionReader
}

// openFolder creates the folder and removes unfinished uploads of a killed process.
func openFolder(dir string) (folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of the objects: %w", err)
	}
	files, err := os.ReadDir(dir)
	for _, file := range files {
		if strings.HasPrefix(file.Name(), unfinished) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, file.Name())))
		}
	}
	return folder(dir), err
}

func (f folder) path(key string) string {
	name := sha256.Sum256([]byte(key))
	return filepath.Join(string(f), hex.EncodeToString(name[:]))
}

// put stores an object, or nothing if its content ends with an error or check refuses its MD5. It sets the ETag.
func (f folder) put(o *about, content io.Reader, check func(md5 []byte) error) error {
	file, err := os.CreateTemp(string(f), unfinished+"*")
	if err != nil {
		return fmt.Errorf("begin object: %w", err)
	}
	if err := errors.Join(write(file, o, content, check), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	if err := os.Rename(file.Name(), f.path(o.Key)); err != nil {
		return errors.Join(fmt.Errorf("store object: %w", err), os.Remove(file.Name()))
	}
	return nil
}

func write(file io.Writer, o *about, content io.Reader, check func(md5 []byte) error) error {
	sum := md5.New() //nolint:gosec // see the import
	if _, err := io.Copy(io.MultiWriter(file, sum), content); err != nil {
		return fmt.Errorf("write object: %w", err)
	}
	if err := check(sum.Sum(nil)); err != nil {
		return err
	}
	o.ETag = `"` + hex.EncodeToString(sum.Sum(nil)) + `"`
	text, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("describe object: %w", err)
	}
	_, err = file.Write(binary.BigEndian.AppendUint32(text, uint32(len(text))))
	return err
}

// open opens an object. The error is fs.ErrNotExist if there is none.
func (f folder) open(key string) (*object, error) {
	file, err := os.Open(f.path(key))
	if err != nil {
		return nil, fmt.Errorf("open object: %w", err)
	}
	o := &object{File: file}
	if err := o.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("read object %s: %w", file.Name(), err), file.Close())
	}
	return o, nil
}

var errDamaged = errors.New("the file is damaged")

func (o *object) read() error {
	info, err := o.Stat()
	if err != nil {
		return err
	}
	var length [lengthSize]byte
	end := info.Size() - lengthSize
	if _, err := o.ReadAt(length[:], max(end, 0)); err != nil {
		return errDamaged
	}
	size := int64(binary.BigEndian.Uint32(length[:]))
	if size > min(end, maxAbout) {
		return errDamaged
	}
	text := make([]byte, size)
	if _, err := o.ReadAt(text, end-size); err != nil {
		return err
	}
	o.content = io.NewSectionReader(o.File, 0, end-size)
	return json.Unmarshal(text, &o.about)
}

// remove deletes an object, if there is one.
func (f folder) remove(key string) error {
	if err := os.Remove(f.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete object: %w", err)
	}
	return nil
}
