package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// toolchain is the Go that images are built with: another one makes other bytes. It is that of deploy/docker/Dockerfile.
const toolchain = "go1.26.8"

// flags leave out what depends on the folder and the clone. The commit is told to the linker instead.
func (s source) flags() []string {
	return []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= -X european-pay.eu/eupay/internal/run/measure.commit=" + s.commit}
}

// environment is that of the compiler, without what the caller's says about the same.
func environment(platform string) []string {
	return []string{
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + platform, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOWORK=", "GOEXPERIMENT=", "GOFIPS140=off",
		"GOTOOLCHAIN=" + toolchain,
	}
}

// compile builds the package at a path below the root into the file.
func (s source) compile(ctx context.Context, platform, path, file string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", file}, s.flags()...), "./"+path)...)
	cmd.Dir, cmd.Env = s.root, append(os.Environ(), environment(platform)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./%s for %s: %w\n%s", path, platform, err, out)
	}
	return nil
}

// zones is the time zone database of the toolchain.
func (s source) zones(ctx context.Context) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOROOT")
	cmd.Dir, cmd.Env = s.root, append(os.Environ(), environment(platforms[0])...)
	root, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	return os.ReadFile(strings.TrimSpace(string(root)) + "/lib/time/zoneinfo.zip")
}
