// Package qrcode makes QR codes (ISO/IEC 18004) as squares of modules. How they are drawn is for others to say.
package qrcode

import (
	"errors"
	"fmt"
	"sync"

	"rsc.io/qr/coding"
)

// Level is how much of a code may be damaged or covered.
type Level coding.Level

// The levels that are in use: M for what is scanned as it is, H for what a logo covers.
const (
	M = Level(coding.M)
	H = Level(coding.H)
)

const (
	// Quiet is the white margin that a code needs, in modules (section 9.1 of the standard).
	Quiet = 4
	// MaxVersion is the largest code.
	MaxVersion = coding.MaxVersion
)

// ErrTooLong says that a text does not fit into the largest code that was allowed.
var ErrTooLong = errors.New("the text is too long for a QR code")

// Code is the square of modules of a QR code, without its margin.
type Code struct {
	// Size is the modules of a side.
	Size int
	// rows and columns have a bit for each dark module: the same ones twice.
	rows, columns []line
}

func newCode(size int) *Code {
	return &Code{Size: size, rows: make([]line, size), columns: make([]line, size)}
}

func (c *Code) set(x, y int) {
	c.rows[y].set(x)
	c.columns[x].set(y)
}

// xor returns the code with the modules of the other one turned over.
func (c *Code) xor(other *Code) *Code {
	out := newCode(c.Size)
	for i := range c.Size {
		for w := range words {
			out.rows[i][w] = c.rows[i][w] ^ other.rows[i][w]
			out.columns[i][w] = c.columns[i][w] ^ other.columns[i][w]
		}
	}
	return out
}

// Dark reports whether the module is dark.
func (c *Code) Dark(x, y int) bool { return c.rows[y][x/64]>>(x%64)&1 == 1 }

// Runs calls f for every horizontal run of dark modules, from top to bottom and left to right.
func (c *Code) Runs(f func(x, y, length int)) {
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			start := x
			for x < c.Size && c.Dark(x, y) {
				x++
			}
			if x > start {
				f(start, y, x-start)
			}
		}
	}
}

const masks = 8

// Encode returns the smallest code that holds the text, with the mask that the standard (section 7.8.3) prefers: the one that
// is least like the patterns by which a camera finds a code. ErrTooLong when that code is above the version highest.
func Encode(text string, level Level, highest int) (*Code, error) {
	data := segment(text)
	version := coding.Version(coding.MinVersion)
	for data.Bits(version) > version.DataBytes(coding.Level(level))*8 {
		if version++; int(version) > highest {
			return nil, ErrTooLong
		}
	}
	p, err := planOf(version, coding.Level(level))
	if err != nil {
		return nil, err
	}
	drawn, err := p.first.Encode(data)
	if err != nil {
		return nil, fmt.Errorf("encode QR code: %w", err)
	}
	first := newCode(drawn.Size)
	for y := range drawn.Size {
		for x := range drawn.Size {
			if drawn.Black(x, y) {
				first.set(x, y)
			}
		}
	}
	return p.best(first), nil
}

// segment is the densest mode that takes the whole text.
func segment(text string) coding.Encoding {
	if n := coding.Num(text); n.Check() == nil {
		return n
	}
	if a := coding.Alpha(text); a.Check() == nil {
		return a
	}
	return coding.String(text)
}

// plan is what depends on version and level only.
type plan struct {
	// first draws with the first mask; turned are the modules that differ with each of the others, those that name the mask
	// among them.
	first  *coding.Plan
	turned [masks]*Code
}

// best is the code with the mask of the least penalty, given the one with the first mask.
func (p *plan) best(first *Code) *Code {
	best, least := first, first.penalty()
	for _, turned := range p.turned[1:] {
		c := first.xor(turned)
		if points := c.penalty(); points < least {
			best, least = c, points
		}
	}
	return best
}

type planKey struct {
	version coding.Version
	level   coding.Level
}

// plans are made once. They end at about 6 MB, when every version was asked for.
var plans sync.Map // planKey → *plan

func planOf(version coding.Version, level coding.Level) (*plan, error) {
	key := planKey{version, level}
	if p, ok := plans.Load(key); ok {
		return p.(*plan), nil
	}
	p := &plan{}
	for mask := range coding.Mask(masks) {
		masked, err := coding.NewPlan(version, level, mask)
		if err != nil {
			return nil, fmt.Errorf("plan QR code: %w", err)
		}
		if mask == 0 {
			p.first = masked
		}
		p.turned[mask] = difference(p.first, masked)
	}
	plans.Store(key, p)
	return p, nil
}

// difference has the modules that two plans draw differently for the same data.
func difference(a, b *coding.Plan) *Code {
	c := newCode(len(a.Pixel))
	for y, row := range a.Pixel {
		for x, pixel := range row {
			if (pixel^b.Pixel[y][x])&coding.Black != 0 {
				c.set(x, y)
			}
		}
	}
	return c
}
