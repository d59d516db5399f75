package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user runs every service: nobody's number, which owns nothing.
const user = "65532:65532"

// image is a service's image for its platforms, and the documents about it by file name.
type image struct {
	index     v1.ImageIndex
	version   string
	documents map[string]any
}

// file is one file of a layer.
type file struct {
	name    string
	mode    int64
	content []byte
}

// image builds the image of a service.
func (s source) image(ctx context.Context, service string, platforms []string) (*image, error) {
	ground, err := s.ground(ctx)
	if err != nil {
		return nil, err
	}
	built := &image{version: s.version, documents: make(map[string]any)}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var subjects []subject
	for _, platform := range platforms {
		one, list, err := s.onePlatform(ctx, service, platform, ground)
		if err != nil {
			return nil, err
		}
		digest, err := one.Digest()
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, subject{Name: service + "/" + platform, Digest: map[string]string{digest.Algorithm: digest.Hex}})
		built.documents[platform+".spdx.json"] = list
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: one, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: platform}},
		})
	}
	var ok bool
	if built.index, ok = mutate.Annotations(index, s.labels(service)).(v1.ImageIndex); !ok {
		return nil, errors.New("annotate the index")
	}
	digest, err := built.index.Digest()
	if err != nil {
		return nil, err
	}
	subjects = append([]subject{{Name: service, Digest: map[string]string{digest.Algorithm: digest.Hex}}}, subjects...)
	built.documents["provenance.intoto.json"] = s.provenance(service, platforms, subjects)
	return built, nil
}

// onePlatform builds the image for one platform, and the list of what its programs are made of.
func (s source) onePlatform(ctx context.Context, service, platform string, ground v1.Layer) (v1.Image, *spdx, error) {
	dir, err := os.MkdirTemp("", "eupay-image-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	list := s.newList(service, platform)
	if err := list.addRoots(); err != nil {
		return nil, nil, err
	}
	layers := []v1.Layer{ground}
	// The operators' tool changes less than the service, and is the same in every image.
	for _, program := range []struct{ name, path string }{{"eupayctl", "cmd/eupayctl"}, {"service", path.Join("services", service, "cmd", service)}} {
		binary := filepath.Join(dir, program.name)
		if err := s.compile(ctx, platform, program.path, binary); err != nil {
			return nil, nil, err
		}
		if err := list.add(program.name, binary); err != nil {
			return nil, nil, err
		}
		content, err := os.ReadFile(binary)
		if err != nil {
			return nil, nil, err
		}
		layer, err := newLayer(s.at, file{program.name, 0o755, content})
		if err != nil {
			return nil, nil, err
		}
		layers = append(layers, layer)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	one, err := mutate.AppendLayers(base, layers...)
	if err != nil {
		return nil, nil, err
	}
	one, err = mutate.ConfigFile(one, s.config(service, platform, one))
	return one, list, err
}

// config says how the image runs.
func (s source) config(service, platform string, layers v1.Image) *v1.ConfigFile {
	cfg, err := layers.ConfigFile()
	if err != nil {
		cfg = &v1.ConfigFile{}
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture, cfg.Created = "linux", platform, v1.Time{Time: s.at}
	cfg.History = nil
	cfg.Config = v1.Config{
		User: user, Entrypoint: []string{"/service"}, Env: []string{"ZONEINFO=/usr/share/zoneinfo/zoneinfo.zip"}, Labels: s.labels(service),
	}
	return cfg
}

// labels are those of the OCI image specification.
func (s source) labels(service string) map[string]string {
	const prefix = "org.opencontainers.image."
	return map[string]string{
		prefix + "title": "eupay/" + service, prefix + "version": s.version, prefix + "revision": s.commit, prefix + "created": s.at.Format(time.RFC3339),
	}
}

// ground is the layer that all images have: the authorities that are trusted, the time zones, and the user's name.
func (s source) ground(ctx context.Context) (v1.Layer, error) {
	zones, err := s.zones(ctx)
	if err != nil {
		return nil, err
	}
	return newLayer(s.at,
		file{"etc/group", 0o644, []byte("eupay:x:65532:\n")},
		file{"etc/passwd", 0o644, []byte("eupay:x:65532:65532::/:/none\n")},
		file{"etc/ssl/certs/ca-certificates.crt", 0o644, roots()},
		file{"usr/share/zoneinfo/zoneinfo.zip", 0o644, zones})
}

// roots are the authorities that Mozilla trusts. One that it trusts with a condition is left out: a file of certificates cannot say it.
func roots() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return text.Bytes()
}

// newLayer packs files, which belong to root and are all of the same time, with the folders that they are in.
func newLayer(at time.Time, files ...file) (v1.Layer, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	known := make(map[string]bool)
	for _, f := range files {
		parts := strings.Split(f.name, "/")
		for n := 1; n < len(parts); n++ {
			folder := strings.Join(parts[:n], "/") + "/"
			if known[folder] {
				continue
			}
			known[folder] = true
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755, ModTime: at, Format: tar.FormatPAX}); err != nil {
				return nil, err
			}
		}
		head := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: at, Format: tar.FormatPAX}
		if err := w.WriteHeader(head); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// write replaces the folder: "layout" is the image, beside it are the documents.
func (i *image) write(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	l, err := layout.Write(filepath.Join(dir, "layout"), empty.Index)
	if err != nil {
		return err
	}
	name := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": i.version})
	if err := l.AppendIndex(i.index, name); err != nil {
		return err
	}
	for name, document := range i.documents {
		if err := writeJSON(filepath.Join(dir, name), document); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}
