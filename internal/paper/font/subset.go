package font

import (
	"encoding/binary"
	"slices"
)

// Subset is the part of a font that one document uses. Characters are numbered in order of use; the number is both the code in
// the page's text and the glyph index in the embedded file. So neither needs a mapping table, and every character keeps its own
// code even if the font draws two of them alike.
type Subset struct {
	Font *Font
	// codes start at 1: 0 is the glyph for missing characters, which PDF/A forbids to use.
	codes map[rune]uint16
	// Runes by code; the first is 0.
	Runes []rune
	// latin avoids the map for frequent characters.
	latin [0x180]uint16
}

// NewSubset returns an empty subset.
func NewSubset(f *Font) *Subset { return &Subset{Font: f, codes: map[rune]uint16{}, Runes: []rune{0}} }

// Code returns the code of a character and adds it to the subset.
func (s *Subset) Code(r rune) uint16 {
	small := r >= 0 && int(r) < len(s.latin)
	if small && s.latin[r] != 0 {
		return s.latin[r]
	}
	shown, _ := s.Font.shown(r)
	code, ok := s.codes[shown]
	if !ok {
		code = uint16(len(s.Runes))
		s.codes[shown], s.Runes = code, append(s.Runes, shown)
	}
	if small {
		s.latin[r] = code
	}
	return code
}

// The flags of the parts of a composite glyph.
const (
	partWords        = 1 << 0
	partScale        = 1 << 3
	partMore         = 1 << 5
	partTwoScales    = 1 << 6
	partMatrix       = 1 << 7
	partInstructions = 1 << 8
)

// outline returns the glyph's description in the font file, without hinting instructions.
func (f *Font) outline(glyph uint16) []byte {
	loca := f.tables["loca"]
	start, end := f.place(loca, int(glyph)), f.place(loca, int(glyph)+1)
	data := f.tables["glyf"][start:end]
	if len(data) == 0 || int16(be16(data, 0)) < 0 {
		return slices.Clone(data)
	}
	at := 10 + 2*int(be16(data, 0))
	instructions := int(be16(data, at))
	out := make([]byte, 0, len(data)-instructions)
	out = append(out, data[:at]...)
	out = append(out, 0, 0)
	return append(out, data[at+2+instructions:]...)
}

// place reads the offset of a glyph in either format of the table: in units of two bytes, or in bytes.
func (f *Font) place(loca []byte, glyph int) uint32 {
	if be16(f.tables["head"], 50) == 0 {
		return 2 * uint32(be16(loca, 2*glyph))
	}
	return be32(loca, 4*glyph)
}

// parts calls use for each part of a composite glyph, replaces the part's glyph index with the result, and removes the
// instructions.
func parts(data []byte, use func(glyph uint16) uint16) []byte {
	if len(data) == 0 || int16(be16(data, 0)) >= 0 {
		return data
	}
	for at := 10; ; {
		flags := be16(data, at)
		binary.BigEndian.PutUint16(data[at:], flags&^partInstructions)
		binary.BigEndian.PutUint16(data[at+2:], use(be16(data, at+2)))
		at += 6
		if flags&partWords != 0 {
			at += 2
		}
		switch {
		case flags&partScale != 0:
			at += 2
		case flags&partTwoScales != 0:
			at += 4
		case flags&partMatrix != 0:
			at += 8
		}
		if flags&partMore == 0 {
			return data[:at]
		}
	}
}

// File returns a TrueType file with the glyphs of the subset and only the tables that a PDF needs.
func (s *Subset) File() []byte {
	old := make([]uint16, 1, len(s.Runes)+16)
	for _, r := range s.Runes[1:] {
		_, glyph := s.Font.shown(r)
		old = append(old, glyph)
	}
	added := map[uint16]uint16{}
	use := func(glyph uint16) uint16 {
		if _, ok := added[glyph]; !ok {
			added[glyph] = uint16(len(old))
			old = append(old, glyph)
		}
		return added[glyph]
	}
	var glyf, loca, hmtx []byte
	long, from := int(be16(s.Font.tables["hhea"], 34)), s.Font.tables["hmtx"]
	for i := 0; i < len(old); i++ { // parts make it longer
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, parts(s.Font.outline(old[i]), use)...)
		glyf = append(glyf, make([]byte, -len(glyf)&3)...)
		hmtx = append(hmtx, bearings(from, long, int(old[i]))...)
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	head, hhea, maxp := slices.Clone(s.Font.tables["head"]), slices.Clone(s.Font.tables["hhea"]), slices.Clone(s.Font.tables["maxp"])
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(head[50:], 1) // long places
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(old)))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(old)))
	clear(maxp[16:28]) // what instructions need
	maxp[15] = 1       // no twilight zone
	return pack([]table{{"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}})
}

// bearings returns a glyph's advance and left side bearing.
func bearings(hmtx []byte, long, glyph int) []byte {
	if glyph < long {
		return hmtx[4*glyph : 4*glyph+4]
	}
	return append(slices.Clone(hmtx[4*long-4:4*long-2]), hmtx[4*long+2*(glyph-long):][:2]...)
}

type table struct {
	tag  string
	data []byte
}

// pack writes a file from the tables, which are sorted by tag, with checksums.
func pack(tables []table) []byte {
	n, power, log := len(tables), 1, 0
	for power*2 <= n {
		power, log = power*2, log+1
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{n, 16 * power, log, 16 * (n - power)} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at, head := 12+16*n, 0
	for _, t := range tables {
		if t.tag == "head" {
			head = at
		}
		out = append(out, t.tag...)
		for _, v := range []uint32{sum(t.data), uint32(at), uint32(len(t.data))} {
			out = binary.BigEndian.AppendUint32(out, v)
		}
		at += (len(t.data) + 3) &^ 3
	}
	for _, t := range tables {
		out = append(out, t.data...)
		out = append(out, make([]byte, -len(t.data)&3)...)
	}
	binary.BigEndian.PutUint32(out[head+8:], 0xB1B0AFBA-sum(out))
	return out
}

// sum returns the checksum of the data's 32-bit words.
func sum(data []byte) uint32 {
	var total uint32
	for ; len(data) >= 4; data = data[4:] {
		total += binary.BigEndian.Uint32(data)
	}
	var last [4]byte
	copy(last[:], data)
	return total + binary.BigEndian.Uint32(last[:])
}

// Advances returns the widths of the characters by code, in 1/1000 of the font size. The first is that of the missing glyph.
func (s *Subset) Advances() []int {
	advances := make([]int, len(s.Runes))
	for i, r := range s.Runes {
		glyph := uint16(0)
		if i > 0 {
			_, glyph = s.Font.shown(r)
		}
		advances[i] = s.Font.advances[glyph]
	}
	return advances
}
