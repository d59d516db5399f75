// Package child runs other programs that must not outlive this one.
package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Process is a running program.
type Process struct {
	process *os.Process
	done    chan struct{}
	err     error
}

// Start starts the program in a process group of its own, so that Ctrl-C on the terminal reaches only us and we decide
// the order of the end. On Linux the kernel sends it the last signal when this process dies without stopping it.
func Start(cmd *exec.Cmd, last syscall.Signal) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	endWithParent(cmd.SysProcAttr, last)
	p := &Process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel's "parent" is the thread that started the child, so the thread is kept.
		runtime.LockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p.process = cmd.Process
	return p, nil
}

// Done is closed when the program has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how it ended: nil for exit code 0. Only after Done.
func (p *Process) Err() error { return p.err }

// Signal sends a signal; to a program that has ended that is no error.
func (p *Process) Signal(sig syscall.Signal) error {
	if err := p.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal process %d: %w", p.process.Pid, err)
	}
	return nil
}
