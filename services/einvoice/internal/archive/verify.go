package archive

import (
	"context"
	"crypto/sha256"
	"fmt"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Anchor is the end of a chain on a day.
type Anchor struct {
	Who
	Day      invoice.Date
	Position int64
	// Hash in hex.
	Hash string
}

// Result is what a verification has found.
type Result struct {
	// Documents that were verified.
	Documents int64
	// Problem is the first break of the chain, at Position and Number; empty: there is none.
	Problem  string
	Position int64
	Number   string
	// Head is the hash of the last document.
	Head string
	// Waiting documents are not in the chain yet.
	Waiting int64
}

// verifyPage is how many documents are in memory at a time.
const verifyPage = 20

// chain is a verification as far as it is.
type chain struct {
	Result
	who      Who
	previous digest
	// series has the last number of each series.
	series map[string]int64
	// gap is the first number that does not follow the one before it in its series. The chain goes on after it, because a restored database may
	// have lost numbers, and the documents after them have to be verified too.
	gap Result
	// anchors by position.
	anchors map[int64][]Anchor
}

// Verify computes the chain of a merchant anew from its documents and compares it with what was recorded, and with anchors that were kept elsewhere.
// It stops at the first break. progress is told after each part.
func (a *Archive) Verify(ctx context.Context, who Who, kept []Anchor, progress func(documents int64) error) (Result, error) {
	c := &chain{who: who, series: map[string]int64{}, anchors: map[int64][]Anchor{}}
	own, err := a.Anchors(ctx, who, "")
	if err != nil {
		return Result{}, err
	}
	for _, x := range append(own, kept...) {
		c.anchors[x.Position] = append(c.anchors[x.Position], x)
	}
	for {
		list, err := a.readLinks(ctx, who, c.Documents, verifyPage)
		if err != nil {
			return Result{}, err
		}
		for _, s := range list {
			if c.add(s); c.Problem != "" {
				return c.Result, nil
			}
		}
		if len(list) < verifyPage {
			break
		}
		if err := progress(c.Documents); err != nil {
			return Result{}, err
		}
	}
	return a.complete(ctx, c)
}

// add verifies the next link.
func (c *chain) add(s stored) {
	position := c.Documents + 1
	name, n := series(s.number)
	switch {
	case s.position != position:
		c.stop(position, "", "The archive has no document at position %d.", position)
	case !s.exists:
		c.stop(position, "", "The document at position %d is missing.", position)
	case !s.hasFiles:
		c.stop(position, s.number, "The files of %s are missing.", s.number)
	case sha256.Sum256(s.xmlFile) != s.xml:
		c.stop(position, s.number, "The XML of %s is not the one that was archived.", s.number)
	case sha256.Sum256(s.pdfFile) != s.pdf:
		c.stop(position, s.number, "The PDF of %s is not the one that was archived.", s.number)
	case s.link.hash(c.previous) != s.recorded:
		c.stop(position, s.number, "The hash at position %d, %s, does not follow from the document and the hash before it.", position, s.number)
	}
	if c.Problem != "" {
		return
	}
	if n != c.series[name]+1 && c.gap.Problem == "" {
		c.gap = Result{Problem: fmt.Sprintf("%s does not follow %s-%06d.", s.number, name, c.series[name]), Position: position, Number: s.number}
	}
	c.Documents, c.previous, c.Head, c.series[name] = position, s.recorded, s.recorded.String(), n
	for _, x := range c.anchors[position] {
		if x.Hash != c.Head {
			c.stop(position, s.number, "The hash at position %d, %s, is not that of the anchor of %s.", position, s.number, x.Day)
			return
		}
	}
}

func (c *chain) stop(position int64, number, format string, args ...any) {
	c.Problem, c.Position, c.Number = fmt.Sprintf(format, args...), position, number
}

// complete looks for what should be in the chain and is not.
func (a *Archive) complete(ctx context.Context, c *chain) (Result, error) {
	for position, list := range c.anchors {
		if position > c.Documents {
			c.stop(c.Documents+1, "", "The archive ends at position %d, but the anchor of %s is at position %d.", c.Documents, list[0].Day, position)
			return c.Result, nil
		}
	}
	number, err := a.lostDocument(ctx, c.who)
	if err != nil {
		return Result{}, err
	}
	if number != "" {
		c.stop(c.Documents+1, number, "%s was archived and is not in the archive any more.", number)
		return c.Result, nil
	}
	if c.Waiting, err = a.waitingOf(ctx, c.who); err != nil {
		return Result{}, err
	}
	issued, err := a.issued(ctx, c.who)
	if err != nil {
		return Result{}, err
	}
	if c.gap.Problem != "" {
		c.Problem, c.Position, c.Number = c.gap.Problem, c.gap.Position, c.gap.Number
		return c.Result, nil
	}
	if lost := issued - c.Documents - c.Waiting; lost > 0 {
		c.stop(c.Documents+1, "", "%d numbers were given to documents that do not exist any more.", lost)
	}
	return c.Result, nil
}
