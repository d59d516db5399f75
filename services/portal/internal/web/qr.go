package web

import "european-pay.eu/eupay/internal/paper/qrcode"

// QR is a code for the component qr.
type QR struct {
	// Path is the drawing, Size the units of its side, with the margin.
	Path string
	Size int
}

// NewQR draws a text as a QR code.
func NewQR(text string) (QR, error) {
	code, err := qrcode.Encode(text, qrcode.M, qrcode.MaxVersion)
	if err != nil {
		return QR{}, err
	}
	return QR{Path: string(code.AppendPath(nil)), Size: code.Size + 2*qrcode.Quiet}, nil
}
