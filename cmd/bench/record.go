package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"
)

// report is the file of a run.
type report struct {
	At    time.Time `json:"at"`
	Cores int       `json:"cores"`
	// Commits, Publishes and Echoes are what the machine did per second in this run, EchoMicros the processor time of an echo.
	Commits    float64  `json:"commits_per_second"`
	Publishes  float64  `json:"publishes_per_second"`
	Echoes     float64  `json:"echoes_per_second"`
	EchoMicros float64  `json:"echo_cpu_us"`
	Figures    []record `json:"figures"`
}

// record is a row in a report. Value is of rows that are no load.
type record struct {
	Part      string  `json:"part"`
	Name      string  `json:"name"`
	Value     string  `json:"value,omitempty"`
	Met       string  `json:"met,omitempty"`
	PerSecond float64 `json:"per_second,omitempty"`
	P50       float64 `json:"p50_ms,omitempty"`
	P99       float64 `json:"p99_ms,omitempty"`
	// CPU is the processor time of the system for each request, its database and broker included.
	CPU    float64            `json:"cpu_us,omitempty"`
	Cores  map[string]float64 `json:"cores,omitempty"`
	Others float64            `json:"others,omitempty"`
	// Repeated says that the machine was busy besides, and the load was repeated once.
	Repeated bool `json:"repeated,omitempty"`
	Failures int  `json:"failures,omitempty"`
	beside
}

// beside is a figure in terms of what the machine does in the same run; 0 where it is unknown.
type beside struct {
	// Echoes and Commits are the rate as a part of the machine's.
	Echoes  float64 `json:"echoes,omitempty"`
	Commits float64 `json:"commits,omitempty"`
	// EchoTimes is the system's processor time for each request as a multiple of an echo's.
	EchoTimes float64 `json:"echo_times,omitempty"`
}

func (l limits) beside(r *result) beside {
	var b beside
	if l.echoes > 0 {
		b.Echoes = r.rate() / l.echoes
	}
	if l.commits > 0 {
		b.Commits = r.rate() / l.commits
	}
	if system := r.cpu.system(); l.echoTakes > 0 && system > 0 {
		b.EchoTimes = float64(r.each(system)) / float64(l.echoTakes)
	}
	return b
}

func (b beside) String() string {
	if b.Echoes == 0 || b.Commits == 0 {
		return "" // the limits themselves
	}
	text := fmt.Sprintf("%.3f of an echo's rate, %.2f of a commit's", b.Echoes, b.Commits)
	if b.EchoTimes > 0 {
		text += fmt.Sprintf(", the time of %.1f echoes", b.EchoTimes)
	}
	return text
}

func (f figure) record(part string, l limits) record {
	return record{
		Part: part, Name: f.name, Met: f.met, PerSecond: f.r.rate(), P50: millisOf(f.r.at(0.5) - f.over), P99: millisOf(f.r.at(0.99) - f.over),
		CPU: float64(f.r.each(f.r.cpu.system()).Nanoseconds()) / 1000, Cores: f.r.cpu, Others: f.r.cpu.others(), Repeated: f.r.repeated,
		Failures: f.r.failures, beside: l.beside(f.r),
	}
}

func millisOf(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// write writes the report of what the table has.
func (t *table) write(path string) error {
	content, err := json.MarshalIndent(report{
		At: time.Now().UTC(), Cores: runtime.NumCPU(), Commits: t.limits.commits, Publishes: t.limits.publishes, Echoes: t.limits.echoes,
		EchoMicros: float64(t.limits.echoTakes.Nanoseconds()) / 1000, Figures: t.records,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	if err := os.WriteFile(path, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	return nil
}
