package render

import (
	"fmt"
	"sync"

	"rsc.io/qr/coding"
)

// Code is the square of modules of a QR code, without its margin.
type Code struct {
	// Size is the modules of a side.
	Size int
	// dark has a 1 for each dark module, row by row.
	dark []byte
}

// Dark reports whether the module is dark.
func (c *Code) Dark(x, y int) bool { return c.dark[y*c.Size+x] == 1 }

// runs calls f for every horizontal run of dark modules, from top to bottom and left to right.
func (c *Code) runs(f func(x, y, length int)) {
	for y := range c.Size {
		row := c.dark[y*c.Size : (y+1)*c.Size]
		for x := 0; x < c.Size; x++ {
			start := x
			for x < c.Size && row[x] == 1 {
				x++
			}
			if x > start {
				f(start, y, x-start)
			}
		}
	}
}

const masks = 8

// encode returns the smallest code that holds the text, with the mask that ISO/IEC 18004 (section 7.8.3) prefers: the
// one that is least like the patterns by which a camera finds a code.
func encode(text string, level coding.Level, highest coding.Version) (*Code, error) {
	data := segment(text)
	version := coding.Version(coding.MinVersion)
	for data.Bits(version) > version.DataBytes(level)*8 {
		if version++; version > highest {
			return nil, invalid("text", "does not fit into a QR code of version %d", highest)
		}
	}
	var best *Code
	least := 0
	for mask := range coding.Mask(masks) {
		c, err := masked(data, version, level, mask)
		if err != nil {
			return nil, err
		}
		if p := c.penalty(); best == nil || p < least {
			best, least = c, p
		}
	}
	return best, nil
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

func masked(data coding.Encoding, version coding.Version, level coding.Level, mask coding.Mask) (*Code, error) {
	plan, err := planOf(version, level, mask)
	if err != nil {
		return nil, err
	}
	drawn, err := plan.Encode(data)
	if err != nil {
		return nil, fmt.Errorf("encode QR code: %w", err)
	}
	c := &Code{Size: drawn.Size, dark: make([]byte, drawn.Size*drawn.Size)}
	for y := range c.Size {
		bits := drawn.Bitmap[y*drawn.Stride:]
		for x := range c.Size {
			c.dark[y*c.Size+x] = bits[x/8] >> (7 - x%8) & 1
		}
	}
	return c, nil
}

type planKey struct {
	version coding.Version
	level   coding.Level
	mask    coding.Mask
}

// plans holds what depends on version, level and mask only, which is most of the work. It ends at about 20 MB, when every
// version was asked for.
var plans sync.Map // planKey → *coding.Plan

func planOf(version coding.Version, level coding.Level, mask coding.Mask) (*coding.Plan, error) {
	key := planKey{version, level, mask}
	if plan, ok := plans.Load(key); ok {
		return plan.(*coding.Plan), nil
	}
	plan, err := coding.NewPlan(version, level, mask)
	if err != nil {
		return nil, fmt.Errorf("plan QR code: %w", err)
	}
	plans.Store(key, plan)
	return plan, nil
}
