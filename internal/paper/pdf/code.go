package pdf

import (
	"fmt"

	"european-pay.eu/eupay/internal/paper/qrcode"
)

// Code draws a QR code with its margin into a square, as one path, so that no gaps show between modules.
func (c *Canvas) Code(q *qrcode.Code, x, y, side int) {
	c.mark(c.Into)
	p := c.Page
	module := side / (q.Size + 2*qrcode.Quiet)
	rest := side - module*q.Size // the same margin on both sides
	p.WriteString("q 0 g ")
	p.number(module)
	p.WriteString("0 0 ")
	p.number(module)
	p.number(x + rest/2)
	p.number(c.height - y - side + rest/2)
	p.WriteString("cm\n")
	q.Runs(func(left, top, length int) { fmt.Fprintf(p, "%d %d %d 1 re\n", left, q.Size-1-top, length) })
	p.WriteString("f Q\n")
}
