package qrcode

import "math/bits"

// The weights of ISO/IEC 18004, table 11.
const (
	penaltyRun     = 3  // five modules of one colour in line, and 1 for each further one
	penaltyBlock   = 3  // two by two modules of one colour
	penaltyFinder  = 40 // 1:1:3:1:1 beside four light modules, like the corners' patterns
	penaltyBalance = 10 // for each 5 % away from half dark
)

// words is the number of words for the 177 modules of the largest code.
const words = 3

// line is a row or a column: bit i is module i. Eight masks are evaluated for each code, so 64 modules are processed at once.
type line [words]uint64

func (l *line) set(i int) { l[i/64] |= 1 << (i % 64) }

func (l *line) count() int {
	n := 0
	for _, w := range l {
		n += bits.OnesCount64(w)
	}
	return n
}

// from returns the line shifted: module i+n is at i.
func (l *line) from(n int) (out line) {
	for i := range words {
		out[i] = l[i] >> n
		if i+1 < words {
			out[i] |= l[i+1] << (64 - n)
		}
	}
	return out
}

// first returns the modules below n.
func first(n int) (out line) {
	for i := range words {
		if rest := n - 64*i; rest >= 64 {
			out[i] = ^uint64(0)
		} else if rest > 0 {
			out[i] = 1<<rest - 1
		}
	}
	return out
}

// penalty returns the penalty score of the standard: lower is easier to read.
func (c *Code) penalty() int {
	points, dark := 0, 0
	for i := range c.Size {
		dark += c.rows[i].count()
		points += c.rows[i].penalty(c.Size) + c.columns[i].penalty(c.Size)
		if i > 0 {
			points += blocks(&c.rows[i-1], &c.rows[i], c.Size) * penaltyBlock
		}
	}
	all := c.Size * c.Size
	return points + abs(20*dark-10*all)/all*penaltyBalance
}

// blocks counts the squares of two by two modules of one colour in two rows.
func blocks(a, b *line, size int) int {
	nextA, nextB, starts := a.from(1), b.from(1), first(size-1)
	var same line
	for i := range words {
		same[i] = (a[i]&b[i]&nextA[i]&nextB[i] | ^(a[i] | b[i] | nextA[i] | nextB[i])) & starts[i]
	}
	return same.count()
}

// penalty returns the score of the runs and of patterns that look like a finder pattern.
func (l *line) penalty(size int) int {
	var at [11]line
	at[0] = *l
	for i := 1; i < len(at); i++ {
		at[i] = l.from(i)
	}
	runStarts, finderStarts := first(size-4), first(size-10)
	var dark, light, finders line // five of one colour, or a finder pattern, start here
	for i := range words {
		dark[i] = at[0][i] & at[1][i] & at[2][i] & at[3][i] & at[4][i] & runStarts[i]
		light[i] = ^(at[0][i] | at[1][i] | at[2][i] | at[3][i] | at[4][i]) & runStarts[i]
		finders[i] = finderAt(&at, 0, i) &^ (at[7][i] | at[8][i] | at[9][i] | at[10][i]) & finderStarts[i]
		finders[i] |= finderAt(&at, 4, i) &^ (at[0][i] | at[1][i] | at[2][i] | at[3][i]) & finderStarts[i]
	}
	return runs(&dark) + runs(&light) + finders.count()*penaltyFinder
}

// finderAt returns the modules after which, at the given offset, 1:1:3:1:1 follows.
func finderAt(at *[11]line, after, word int) uint64 {
	a := at[after:]
	return a[0][word] &^ a[1][word] & a[2][word] & a[3][word] & a[4][word] &^ a[5][word] & a[6][word]
}

// runs scores runs given one bit for every five consecutive modules: a run of n has n-4 bits.
func runs(fives *line) int {
	next := fives.from(1)
	ends := 0
	for i := range words {
		ends += bits.OnesCount64(fives[i] &^ next[i])
	}
	return fives.count() + ends*(penaltyRun-1)
}

func abs(n int) int { return max(n, -n) }
