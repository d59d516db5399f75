package render

import (
	"encoding/base64"
	"fmt"

	"european-pay.eu/eupay/internal/paper/logo"
)

// SVG draws the code with the same pixels as PNG, as one path.
func (c *Code) SVG(o Options) ([]byte, error) {
	s, err := o.check()
	if err != nil {
		return nil, err
	}
	at, err := s.layout(c.Size)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 512+c.Size*c.Size*4)
	b = fmt.Appendf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" shape-rendering="crispEdges">`,
		at.side, at.side, at.side, at.side)
	b = fmt.Appendf(b, `<path fill="%s" d="M0 0h%dv%dh-%dz"/>`, hex(s.light), at.side, at.side, at.side)
	b = fmt.Appendf(b, `<path fill="%s" transform="translate(%d %d) scale(%d)" d="`, hex(s.dark), at.offset, at.offset, at.scale)
	b = append(c.AppendPath(b), `"/>`...)
	if s.logo != nil {
		if b, err = c.appendLogo(b, at, s.logo); err != nil {
			return nil, err
		}
	}
	return append(b, "</svg>\n"...), nil
}

func (c *Code) appendLogo(b []byte, at layout, l *logo.Picture) ([]byte, error) {
	file, err := logoFile(l)
	if err != nil {
		return nil, err
	}
	side := pad(c.Size) * at.scale
	start := at.offset + (c.Size-pad(c.Size))/2*at.scale
	b = fmt.Appendf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="%d" fill="#ffffff"/>`, start, start, side, side, at.scale)
	inner := side - at.scale
	b = fmt.Appendf(b, `<image x="%d" y="%d" width="%d" height="%d" href="data:image/png;base64,`, start+at.scale/2, start+at.scale/2, inner, inner)
	b = base64.StdEncoding.AppendEncode(b, file)
	return append(b, `"/>`...), nil
}
