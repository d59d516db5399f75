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

// Start starts the program in its own process group, so that Ctrl-C on the terminal reaches only this process, which then decides
// the order of shutdown. On Linux the kernel sends it the signal last when this process dies without stopping it.
func Start(cmd *exec.Cmd, last syscall.Signal) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	endWithParent(cmd.SysProcAttr, last)
	p := &Process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel's "parent" is the thread that started the child, so the thread must stay alive.
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

// Done is closed when the program has ended for any reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the program ended: nil for exit code 0. Call it only after Done.
func (p *Process) Err() error { return p.err }

// Signal sends a signal. It is not an error if the program has ended.
func (p *Process) Signal(sig syscall.Signal) error {
	if err := p.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal process %d: %w", p.process.Pid, err)
	}
	return nil
}
