//go:build ignore

// This program writes srgb.icc: the colours of sRGB (IEC 61966-2-1) as an ICC profile of version 2.1 with a matrix and
// three equal curves. A PDF/A needs one to say what its red, green and blue are.
package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
)

func main() {
	if err := os.WriteFile("srgb.icc", profile(), 0o644); err != nil {
		panic(err)
	}
}

type tag struct {
	name string
	data []byte
}

func profile() []byte {
	curve := curve()
	// The primaries of ITU-R BT.709 under D65, adapted to D50 with the Bradford matrix; they add up to D50.
	tags := []tag{
		{"desc", description("sRGB IEC61966-2.1")},
		{"cprt", append([]byte("text\x00\x00\x00\x00"), "No copyright: numbers of a public standard\x00"...)},
		{"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.4360747, 0.2225045, 0.0139322)},
		{"gXYZ", xyz(0.3850649, 0.7168786, 0.0971045)},
		{"bXYZ", xyz(0.1430604, 0.0606169, 0.7138632)},
		{"rTRC", curve},
		{"gTRC", curve},
		{"bTRC", curve},
	}
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var data []byte
	var last []byte
	place := 0
	for _, t := range tags {
		if !bytes.Equal(t.data, last) { // the curves share one place
			place, last = 128+4+12*len(tags)+len(data), t.data
			data = append(data, t.data...)
			data = append(data, make([]byte, -len(data)&3)...)
		}
		table = append(table, t.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(place))
		table = binary.BigEndian.AppendUint32(table, uint32(len(t.data)))
	}
	out := append(header(128+len(table)+len(data)), table...)
	return append(out, data...)
}

// header of the profile (ICC.1:1998-09, 6.1): a display's, RGB to XYZ.
func header(size int) []byte {
	h := make([]byte, 128)
	binary.BigEndian.PutUint32(h, uint32(size))
	binary.BigEndian.PutUint32(h[8:], 0x02100000)
	copy(h[12:], "mntrRGB XYZ ")
	for i, v := range []uint16{2026, 1, 1, 0, 0, 0} {
		binary.BigEndian.PutUint16(h[24+2*i:], v)
	}
	copy(h[36:], "acsp")
	copy(h[68:], xyz(0.9642, 1, 0.8249)[8:])
	return h
}

// description is a textDescriptionType: the ASCII text, and empty ones in Unicode and in Macintosh's script.
func description(text string) []byte {
	out := binary.BigEndian.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(text)+1))
	out = append(out, text...)
	return append(out, make([]byte, 1+4+4+2+1+67)...)
}

func xyz(values ...float64) []byte {
	out := []byte("XYZ \x00\x00\x00\x00")
	for _, v := range values {
		out = binary.BigEndian.AppendUint32(out, uint32(math.Round(v*65536)))
	}
	return out
}

// curve has 1024 values of the transfer function, from the code value to linear light.
func curve() []byte {
	const n = 1024
	out := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), n)
	for i := range n {
		v := float64(i) / (n - 1)
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		out = binary.BigEndian.AppendUint16(out, uint16(math.Round(v*65535)))
	}
	return out
}
