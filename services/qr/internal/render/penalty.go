package render

// The weights of ISO/IEC 18004, table 11.
const (
	penaltyRun     = 3  // five modules of one colour in line, and 1 for each further one
	penaltyBlock   = 3  // two by two modules of one colour
	penaltyFinder  = 40 // 1:1:3:1:1 beside four light modules, like the corners' patterns
	penaltyBalance = 10 // for each 5 % away from half dark
)

// penalty is how hard the code is to read by the rules of the standard: lower is better.
func (c *Code) penalty() int {
	points, dark := 0, 0
	for i := range c.Size {
		points += c.line(i*c.Size, 1) + c.line(i, c.Size)
	}
	for y := range c.Size {
		row := c.dark[y*c.Size : (y+1)*c.Size]
		for x, module := range row {
			dark += int(module)
			if x == 0 || y == 0 {
				continue
			}
			above := c.dark[(y-1)*c.Size+x-1:]
			if sum := module + row[x-1] + above[0] + above[1]; sum == 0 || sum == 4 {
				points += penaltyBlock
			}
		}
	}
	all := c.Size * c.Size
	return points + abs(20*dark-10*all)/all*penaltyBalance
}

// Eleven modules that look like a finder pattern, read in either direction.
const (
	finderThenLight = 0b10111010000
	lightThenFinder = 0b00001011101
	finderBits      = 0b11111111111
)

// line is the penalty of a row or a column.
func (c *Code) line(start, step int) int {
	points, run, last, window := 0, 0, byte(2), 0
	for i := range c.Size {
		module := c.dark[start+i*step]
		if module != last {
			run, last = 0, module
		}
		switch run++; {
		case run == 5:
			points += penaltyRun
		case run > 5:
			points++
		}
		window = (window<<1 | int(module)) & finderBits
		if i >= 10 && (window == finderThenLight || window == lightThenFinder) {
			points += penaltyFinder
		}
	}
	return points
}

func abs(n int) int { return max(n, -n) }
