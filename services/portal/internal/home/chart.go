package home

import (
	eupay "european-pay.eu/eupay/sdk/go"
)

// The size of the drawing, in units of its own.
const (
	chartWidth  = 720
	chartHeight = 160
	leastBar    = 3
)

// chart is the bars of a period.
type chart struct {
	Width, Height int
	Bars          []bar
	// Most is the largest amount; 0: nothing was paid.
	Most eupay.Amount
}

// bar is one day or hour. X, Y, Width and Height are those of the drawing.
type bar struct {
	eupay.IntervalSum
	X, Y, Width, Height int
}

func chartOf(list []eupay.IntervalSum) chart {
	c := chart{Width: chartWidth, Height: chartHeight}
	for _, i := range list {
		c.Most = max(c.Most, i.PaidAmount)
	}
	for n, i := range list {
		left, right := n*chartWidth/len(list), (n+1)*chartWidth/len(list)
		gap := (right - left) / 4
		b := bar{IntervalSum: i, X: left + gap/2, Width: right - left - gap, Height: height(i.PaidAmount, c.Most)}
		b.Y = chartHeight - b.Height
		c.Bars = append(c.Bars, b)
	}
	return c
}

// height is that of a bar; what is not 0 can be seen. The amounts are of all that a merchant earns, so they do not overflow.
func height(a, most eupay.Amount) int {
	if a <= 0 || most <= 0 {
		return 0
	}
	return max(int(a*chartHeight/most), leastBar)
}
