// Command images builds the images of the services: for each an OCI image layout with one image per platform, an SPDX list of what is in it,
// and its provenance. The same commit gives the same bytes, in whatever folder and on whatever machine it is built.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// services are those that have an image each.
var services = []string{"gateway", "payments", "webhooks", "qr", "einvoice", "portal"}

// platforms are the architectures, all of Linux.
var platforms = []string{"amd64", "arm64"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := flag.String("root", ".", "the root of the repository")
	out := flag.String("out", "images", "the folder of the images")
	version := flag.String("version", "", "the version of the images, which is their tag (default: the commit)")
	flag.Parse()
	if err := run(ctx, *root, *out, *version, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run builds the images of the named services; of all if none is named.
func run(ctx context.Context, root, out, version string, names []string) error {
	src, err := readSource(ctx, root, version)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = services
	}
	for _, service := range names {
		built, err := src.image(ctx, service, platforms)
		if err != nil {
			return fmt.Errorf("build the image of %s: %w", service, err)
		}
		if err := built.write(filepath.Join(out, service)); err != nil {
			return fmt.Errorf("write the image of %s: %w", service, err)
		}
		digest, err := built.index.Digest()
		if err != nil {
			return err
		}
		fmt.Printf("%s:%s %s\n", service, src.version, digest)
	}
	return nil
}

// source is what an image is built from.
type source struct {
	// root is the folder of the repository, commit what is checked out there, version the name of the images.
	root, commit, version string
	// at is the time of every file: that of the commit, or SOURCE_DATE_EPOCH.
	at time.Time
}

// readSource describes the checked-out commit. A tree with changes is built under the name of no commit.
func readSource(ctx context.Context, root, version string) (source, error) {
	s := source{root: root, version: version}
	var err error
	if s.commit, err = git(ctx, root, "rev-parse", "HEAD"); err != nil {
		return s, err
	}
	changed, err := git(ctx, root, "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return s, err
	}
	if changed != "" {
		s.commit += "-changed"
	}
	if s.version == "" {
		s.version = s.commit
	}
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		if seconds, err = git(ctx, root, "log", "-1", "--format=%ct"); err != nil {
			return s, err
		}
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return s, fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", seconds)
	}
	s.at = time.Unix(n, 0).UTC()
	return s, nil
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}
