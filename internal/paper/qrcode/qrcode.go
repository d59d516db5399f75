// Package qrcode generates QR codes (ISO/IEC 18004) as squares of modules. It does not draw them.
package qrcode

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

	"rsc.io/qr/coding"
)

// Level is the error correction level.
type Level coding.Level

// The levels in use: M for plain codes, H for codes that a logo covers.
const (
	M = Level(coding.M)
	H = Level(coding.H)
)

const (
	// Quiet is the white margin of a code in modules (section 9.1 of the standard).
	Quiet = 4
	// MaxVersion is the largest code.
	MaxVersion = coding.MaxVersion
)

// ErrTooLong is returned when a text does not fit into the largest permitted code.
var ErrTooLong = errors.New("the text is too long for a QR code")

// Code is the modules of a QR code, without its margin.
type Code struct {
	// Size is the number of modules per side.
	Size int
	// rows and columns have a bit for each dark module; both represent the same modules.
	rows, columns []line
}

func newCode(size int) *Code {
	return &Code{Size: size, rows: make([]line, size), columns: make([]line, size)}
}

func (c *Code) set(x, y int) {
	c.rows[y].set(x)
	c.columns[x].set(y)
}

// xor returns the code with the modules of the other one inverted.
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

// AppendPath appends the dark modules as the data of an SVG path, one unit for each module, without the margin.
func (c *Code) AppendPath(b []byte) []byte {
	c.Runs(func(x, y, length int) {
		b = strconv.AppendInt(append(b, 'M'), int64(x), 10)
		b = strconv.AppendInt(append(b, ' '), int64(y), 10)
		b = strconv.AppendInt(append(b, 'h'), int64(length), 10)
		b = strconv.AppendInt(append(b, "v1h-"...), int64(length), 10)
		b = append(b, 'z')
	})
	return b
}

// Encode returns the smallest code that holds the text, with the mask that has the lowest penalty (section 7.8.3 of the
// standard). It returns ErrTooLong if the code would exceed the version highest.
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

// segment returns the densest mode that can encode the whole text.
func segment(text string) coding.Encoding {
	if n := coding.Num(text); n.Check() == nil {
		return n
	}
	if a := coding.Alpha(text); a.Check() == nil {
		return a
	}
	return coding.String(text)
}

// plan holds what depends only on version and level.
type plan struct {
	// first draws with the first mask; turned are the modules that differ with each other mask, including those that identify the
	// mask.
	first  *coding.Plan
	turned [masks]*Code
}

// best returns the code with the mask of the lowest penalty, given the code with the first mask.
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

// plans are built once per version and level. They take at most about 6 MB.
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

// difference returns the modules that two plans draw differently for the same data.
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
