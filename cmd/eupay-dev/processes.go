package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/child"
)

// broker is the command of this program that runs NATS.
const broker = "nats"

// processes are the running programs, in the order of their start.
type processes struct {
	dir     string // of the logs
	self    string // this program; the others are in the same folder
	running []running
	failure chan error // the first program that ended unexpectedly
	closing chan struct{}
	once    sync.Once
}

type running struct {
	name    string
	process *child.Process
}

// programs finds the programs in the folder of this one.
func programs(dir string) (*processes, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return &processes{dir: dir, self: self, failure: make(chan error, 1), closing: make(chan struct{})}, nil
}

// start runs a program with only these settings; its output goes to <name>.log.
func (p *processes) start(name string, env map[string]string) error {
	return p.startProgram(name, exec.Command(filepath.Join(filepath.Dir(p.self), name)), env)
}

// startSelf runs a command of this program, like start.
func (p *processes) startSelf(command string, env map[string]string) error {
	return p.startProgram(command, exec.Command(p.self, command), env)
}

func (p *processes) startProgram(name string, cmd *exec.Cmd, env map[string]string) error {
	logPath := filepath.Join(p.dir, name+".log")
	out, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", name, err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "EUPAY_") })
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	process, err := child.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	p.running = append(p.running, running{name, process})
	go p.watch(name, logPath, process) // ends with the program
	return nil
}

func (p *processes) watch(name, logPath string, process *child.Process) {
	<-process.Done()
	err := process.Err()
	if err == nil {
		err = errors.New("it ended")
	}
	select {
	case <-p.closing:
	case p.failure <- fmt.Errorf("%s failed: %w; its log is %s", name, err, logPath):
	default:
	}
}

// stop ends the gateway first, so that no new work arrives, then the other services together, then the rest.
func (p *processes) stop() {
	p.once.Do(func() { close(p.closing) })
	p.end(func(name string) bool { return name == system.Gateway })
	p.end(func(name string) bool { return name != system.Gateway && slices.Contains(system.Names, name) })
	p.end(func(name string) bool { return name == "eupay-sandbox" })
	p.end(func(name string) bool { return name == broker })
}

func (p *processes) end(which func(name string) bool) {
	for _, r := range p.running {
		if !which(r.name) {
			continue
		}
		if err := r.process.Signal(syscall.SIGTERM); err != nil {
			say("stop %s: %v", r.name, err)
		}
	}
	for _, r := range p.running {
		if which(r.name) {
			<-r.process.Done()
		}
	}
}
