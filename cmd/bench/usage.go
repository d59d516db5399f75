package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ticks is the unit of CPU time in /proc: a hundredth of a second on every Linux.
const ticks = time.Second / 100

// usage is the CPU time used up to a moment. On a system without /proc it is empty.
type usage struct {
	at   time.Time
	by   map[string]time.Duration // by program: those of the system, and this one as "load"
	busy time.Duration            // of the whole machine
}

// usageOf adds up the process, its descendants and this process.
func usageOf(pid int) usage {
	u := usage{at: time.Now(), by: make(map[string]time.Duration), busy: busy()}
	stats := processes()
	for id, s := range stats {
		switch {
		case id == os.Getpid():
			u.by[theLoad] += s.used
		case descends(stats, id, pid):
			u.by[s.name] += s.used
		}
	}
	return u
}

// usageAt waits until the time first.
func usageAt(ctx context.Context, pid int, at time.Time) usage {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(at)):
	}
	return usageOf(pid)
}

// shares returns the cores in use, by program.
type shares map[string]float64

func (u usage) since(before usage) shares {
	took := u.at.Sub(before.at)
	if len(u.by) == 0 || took <= 0 || before.at.IsZero() {
		return nil
	}
	s := make(shares)
	others := u.busy - before.busy
	for name, used := range u.by {
		others -= used - before.by[name]
		s[name] = (used - before.by[name]).Seconds() / took.Seconds()
	}
	s[theOthers] = max(0, others.Seconds()/took.Seconds())
	return s
}

// The shares that are no program of the system.
const (
	theLoad   = "load"
	theOthers = "others"
)

// disturbing is the part of the machine that other programs may use before a figure is in doubt.
const disturbing = 0.1

// others returns the part of the machine that programs used which are not ours.
func (s shares) others() float64 { return s[theOthers] / float64(runtime.NumCPU()) }

func (s shares) disturbed() bool { return s.others() > disturbing }

// system returns the cores that the system used.
func (s shares) system() (cores float64) {
	for name, used := range s {
		if name != theLoad && name != theOthers {
			cores += used
		}
	}
	return cores
}

func (s shares) String() string {
	var list []string
	for name, cores := range s {
		if cores >= 0.005 {
			list = append(list, fmt.Sprintf("%s %.2f", name, cores))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

type stat struct {
	name   string
	parent int
	used   time.Duration
}

func processes() map[int]stat {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	all := make(map[int]stat, len(paths))
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if s, ok := readStat(path); ok {
			all[pid] = s
		}
	}
	return all
}

// readStat parses stat of proc(5): the name is in parentheses and may contain anything; the parent is the second field after it,
// user and system time the 12th and 13th.
func readStat(path string) (stat, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return stat{}, false // the process has ended meanwhile
	}
	open, end := strings.IndexByte(string(text), '('), strings.LastIndexByte(string(text), ')')
	if open < 0 || end < open {
		return stat{}, false
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 13 {
		return stat{}, false
	}
	return stat{name: string(text[open+1 : end]), parent: number(fields[1]), used: time.Duration(number(fields[11])+number(fields[12])) * ticks}, true
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func descends(all map[int]stat, pid, from int) bool {
	for range 64 {
		if pid == from {
			return true
		}
		s, ok := all[pid]
		if !ok || s.parent == 0 {
			return false
		}
		pid = s.parent
	}
	return false
}

// busy is the time that all cores together were not idle.
func busy() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(first)
	var sum int
	for i, f := range fields {
		if i > 0 && i <= 8 && i != 4 && i != 5 { // except idle and waiting for the disk
			sum += number(f)
		}
	}
	return time.Duration(sum) * ticks
}

// memory returns the resident memory of the program's first process in MB; 0 if unknown.
func (p *program) memory() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	return number(fields[0]) >> 10
}
