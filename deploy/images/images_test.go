package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"archive/tar"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// elsewhere is a copy of what is compiled, in another folder.
func elsewhere(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"cmd", "internal", "proto", "sandbox", "sdk", "services"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("../..", name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.work", "go.work.sum"} {
		content, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestAnImageIsTheSameWhereverItIsBuilt, its layout is valid, and it runs.
func TestAnImageIsTheSameWhereverItIsBuilt(t *testing.T) {
	src, err := readSource(t.Context(), "../..", "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	here, err := src.image(t.Context(), "portal", platforms)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "portal")
	if err := here.write(out); err != nil {
		t.Fatal(err)
	}
	index := readLayout(t, filepath.Join(out, "layout"))
	native := inspect(t, index)

	src.root = elsewhere(t)
	ground, err := src.ground(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	there, _, err := src.onePlatform(t.Context(), "portal", runtime.GOARCH, ground)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := digest(t, native), digest(t, there); a != b {
		t.Errorf("%s here and %s in another folder", a, b)
	}
	saysWhatIsMissing(t, native)
	for name, want := range map[string]string{
		"amd64.spdx.json": `"pkg:golang/github.com/jackc/pgx/v5@`, "arm64.spdx.json": `"SPDX-2.3"`, "provenance.intoto.json": digest(t, native).Hex,
	} {
		content, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || !strings.Contains(string(content), want) {
			t.Errorf("%s does not say %s: %v", name, want, err)
		}
	}
}

func readLayout(t *testing.T, dir string) v1.ImageIndex {
	t.Helper()
	all, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(all); err != nil {
		t.Fatal(err)
	}
	list, err := all.IndexManifest()
	if err != nil || len(list.Manifests) != 1 || list.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "1.2.3" {
		t.Fatalf("the layout has %+v, %v", list, err)
	}
	index, err := all.ImageIndex(list.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// inspect checks how the image of each platform runs, and returns that of this machine.
func inspect(t *testing.T, index v1.ImageIndex) (native v1.Image) {
	t.Helper()
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Manifests) != len(platforms) {
		t.Fatalf("%d platforms", len(list.Manifests))
	}
	for n, m := range list.Manifests {
		one, err := index.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := one.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if m.Platform == nil || m.Platform.Architecture != platforms[n] || cfg.Architecture != platforms[n] || cfg.OS != "linux" {
			t.Errorf("platform %v, %s/%s", m.Platform, cfg.OS, cfg.Architecture)
		}
		if cfg.Config.User != user || len(cfg.Config.Entrypoint) != 1 || cfg.Config.Entrypoint[0] != "/service" {
			t.Errorf("runs %v as %q", cfg.Config.Entrypoint, cfg.Config.User)
		}
		if m.Platform != nil && m.Platform.Architecture == runtime.GOARCH {
			native = one
		}
	}
	return native
}

func digest(t *testing.T, one v1.Image) v1.Hash {
	t.Helper()
	d, err := one.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// saysWhatIsMissing unpacks an image and runs it without settings.
func saysWhatIsMissing(t *testing.T, one v1.Image) {
	t.Helper()
	dir := t.TempDir()
	content := mutate.Extract(one)
	defer content.Close()
	for packed := tar.NewReader(content); ; {
		head, err := packed.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Clean("/"+head.Name)) //nolint:gosec // our own image
		if head.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o750)
		} else {
			var text []byte
			if text, err = io.ReadAll(packed); err == nil {
				err = os.WriteFile(path, text, head.FileInfo().Mode()) //nolint:gosec // programs are executable
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "service"), "check-config")
	cmd.Env = []string{"PATH=/nowhere"}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "EUPAY_DATABASE_URL") {
		t.Errorf("check-config without settings: %v\n%s", err, out)
	}
}
