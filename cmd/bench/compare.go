package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// compareFiles prints what the second version does in terms of the first. The files are those of the first version's first run, the
// second's first run, the first's second run, and so on: what the machine does besides is much the same in both runs of a pair.
func compareFiles(w io.Writer, paths []string) error {
	if len(paths)%2 != 0 {
		return errors.New("usage: bench FIRST.json SECOND.json [FIRST.json SECOND.json …]")
	}
	reports := make([]report, len(paths))
	for i, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read the figures: %w", err)
		}
		if err := json.Unmarshal(content, &reports[i]); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	fmt.Fprintf(w, "The second version in terms of the first: the median of %d pairs (least–most)\n", len(reports)/2)
	fmt.Fprintf(w, "%-62s %-20s %-20s %-20s %s\n", "", "rate", "p99", "processor time", "")
	for _, c := range compare(reports) {
		fmt.Fprintf(w, "%-62s %-20s %-20s %-20s %s\n", c.name, c.rate, c.p99, c.cpu, c.note)
	}
	return nil
}

// comparison is a figure of two versions.
type comparison struct {
	name           string
	rate, p99, cpu spread
	note           string
}

// spread are the ratios of pairs, ascending.
type spread []float64

// ratio adds that of a pair, if both are known.
func (s *spread) ratio(first, second float64) {
	if first > 0 && second > 0 {
		*s = append(*s, second/first)
		slices.Sort(*s)
	}
}

func (s spread) median() float64 {
	middle := len(s) / 2
	if len(s)%2 == 0 {
		return (s[middle-1] + s[middle]) / 2
	}
	return s[middle]
}

// String implements fmt.Stringer.
func (s spread) String() string {
	if len(s) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.median(), s[0], s[len(s)-1])
}

// compare pairs the reports, and returns the figures that are in both of the first pair, in their order.
func compare(reports []report) []comparison {
	var all []comparison
	for _, f := range reports[0].Figures {
		if f.PerSecond == 0 {
			continue
		}
		c := comparison{name: f.Part + ": " + f.Name}
		disturbed := 0
		for i := 0; i+1 < len(reports); i += 2 {
			first, second := reports[i].find(f), reports[i+1].find(f)
			c.rate.ratio(first.PerSecond, second.PerSecond)
			c.p99.ratio(first.P99, second.P99)
			c.cpu.ratio(first.CPU, second.CPU)
			if first.Others > disturbing || second.Others > disturbing {
				disturbed++
			}
			if first.Failures+second.Failures > 0 {
				c.note = "with failures"
			}
		}
		if len(c.rate) == 0 {
			continue
		}
		if disturbed > 0 {
			c.note = join(c.note, fmt.Sprintf("the machine was busy besides in %d of %d pairs", disturbed, len(reports)/2))
		}
		all = append(all, c)
	}
	return all
}

// find returns the same figure of another run; an empty one if there is none.
func (r report) find(f record) record {
	for _, other := range r.Figures {
		if other.Part == f.Part && other.Name == f.Name {
			return other
		}
	}
	return record{}
}
