package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"european-pay.eu/eupay/internal/child"
	"european-pay.eu/eupay/internal/s3ready"
)

// S3Program is the S3 store of one machine. It is a process of its own also where everything else is one: it changes its
// working directory.
const S3Program = "eupay-s3"

const s3Limit = 30 * time.Second

// startS3 starts the S3 store, unless another was given.
func (s *Stack) startS3(ctx context.Context) error {
	if s.o.Env["EUPAY_S3_ENDPOINT"] != "" {
		return nil
	}
	program, err := s.s3Program()
	if err != nil || program == "" {
		return err
	}
	dir := s.dir("s3")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the S3 store: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, S3Program+".log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of the S3 store: %w", err)
	}
	defer log.Close()
	sys := s.System()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "EUPAY_") })
	for k, v := range sys.S3Env(dir) {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	process, err := child.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.s3 = process
	s.mu.Unlock()
	go s.watchS3(process) // ends with the program
	ctx, cancel := context.WithTimeout(ctx, s3Limit)
	defer cancel()
	return s3ready.Wait(ctx, sys.S3PublicURL(), process.Done())
}

// s3Program is the program to start; empty when there is none.
func (s *Stack) s3Program() (string, error) {
	if s.o.S3 != "" {
		return s.o.S3, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	program := filepath.Join(filepath.Dir(self), S3Program)
	if _, err := os.Stat(program); err != nil {
		s.o.Say("%s is not beside this program: images cannot be uploaded (make build makes it).", S3Program)
		return "", nil
	}
	return program, nil
}

func (s *Stack) watchS3(p *child.Process) {
	<-p.Done()
	s.mu.Lock()
	unexpected := s.s3 == p
	s.mu.Unlock()
	if unexpected {
		s.fail("S3 store", errors.Join(errors.New("it ended"), p.Err()))
	}
}

// stopS3 stops the S3 store in an orderly way.
func (s *Stack) stopS3() {
	s.mu.Lock()
	p := s.s3
	s.s3 = nil
	s.mu.Unlock()
	if p == nil {
		return
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		s.log.Warn("stop the S3 store", "error", err)
	}
	<-p.Done()
}
