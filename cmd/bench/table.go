package main

import (
	"fmt"
	"io"
	"time"
)

// table prints rows as they are added, and keeps them.
type table struct {
	w io.Writer
	// part is the title of the rows that come.
	part string
	// limits of the machine, as far as they were measured.
	limits  limits
	records []record
}

func newTable(w io.Writer) *table { return &table{w: w} }

const layout = "%-40s %10s %9s %9s %9s  %-22s %-4s %s\n"

func (t *table) title(name, note string) {
	t.part = name
	fmt.Fprintf(t.w, "\n%s: %s\n", name, note)
	fmt.Fprintf(t.w, layout, "", "", "p50 ms", "p99 ms", "max ms", "target", "", "beside it")
}

// row is one figure.
type row struct{ name, value, p50, p99, top, target, met, note string }

func (t *table) row(r row) {
	t.records = append(t.records, record{Part: t.part, Name: r.name, Value: r.value, Met: r.met})
	t.print(r)
}

func (t *table) print(r row) {
	fmt.Fprintf(t.w, layout, r.name, r.value, r.p50, r.p99, r.top, r.target, r.met, r.note)
}

// figure adds the row of a load. over is subtracted from the latencies; limit is the maximum of the machine.
type figure struct {
	name   string
	r      *result
	over   time.Duration
	target string
	met    string
	limit  string
}

func (t *table) figure(f figure) {
	note := f.limit
	if t.part != machinePart {
		note = join(note, t.limits.beside(f.r).String())
	}
	if text := f.r.cpu.String(); text != "" {
		note = join(note, "cores: "+text)
	}
	if f.r.repeated {
		note = join(note, "repeated: the machine was busy besides")
	}
	if f.r.failures > 0 {
		note = join(fmt.Sprintf("%d FAILED, e.g. %v", f.r.failures, f.r.failure), note)
		f.met = verdict(false)
	}
	t.records = append(t.records, f.record(t.part, t.limits))
	t.print(row{
		name: f.name, value: fmt.Sprintf("%.0f/s", f.r.rate()), p50: ms(f.r.at(0.5) - f.over), p99: ms(f.r.at(0.99) - f.over),
		top: ms(f.r.at(1) - f.over), target: f.target, met: f.met, note: note,
	})
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

func millis(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func verdict(ok bool) string {
	if ok {
		return "yes"
	}
	return "NO"
}
