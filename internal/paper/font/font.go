// Package font provides DejaVu Sans Condensed, which covers all European languages, for printed documents, and fonts for Chinese,
// Japanese and Korean. Only the glyphs that a document uses are embedded.
package font

import (
	_ "embed" // the fonts
	"encoding/binary"
	"sync"
	"unicode"
)

// Their licence is in the folder.
var (
	//go:embed DejaVuSansCondensed.ttf
	regularFile []byte
	//go:embed DejaVuSansCondensed-Bold.ttf
	boldFile []byte
)

// The fonts are parsed once; a subset is built for each document.
var (
	regular = sync.OnceValue(func() *Font { return read("DejaVuSansCondensed", regularFile, 80) })
	bold    = sync.OnceValue(func() *Font { return read("DejaVuSansCondensed-Bold", boldFile, 140) })
)

// Regular is the font of ordinary texts.
func Regular() *Font { return regular() }

// Bold is the bold font.
func Bold() *Font { return bold() }

// Mark replaces every character that cannot be shown, so that the reader sees that something is missing.
const Mark = '\uFFFD'

// Font is a TrueType file (ISO/IEC 14496-22), limited to what a PDF needs.
type Font struct {
	// Name in the file, without spaces.
	Name string
	// Box around all glyphs, Ascent and Descent in 1/1000 of the font size, as in PDF; Stem is the stroke width.
	Box                   [4]int
	Ascent, Descent, Stem int

	tables map[string][]byte
	// glyphs maps each visible character to its glyph index.
	glyphs map[rune]uint16
	// latin is a faster table for the most frequent characters.
	latin [0x180]uint16
	// advances in 1/1000 of the font size, too.
	advances   []int
	unitsPerEm int
}

// read parses an embedded file. It panics if the file is damaged, which the tests would detect.
func read(name string, file []byte, stem int) *Font {
	f := &Font{Name: name, Stem: stem, tables: map[string][]byte{}, glyphs: map[rune]uint16{}}
	for i := range int(be16(file, 4)) {
		entry := file[12+16*i:]
		start := be32(entry, 8)
		f.tables[string(entry[:4])] = file[start : start+be32(entry, 12)]
	}
	head, hhea := f.tables["head"], f.tables["hhea"]
	f.unitsPerEm = int(be16(head, 18))
	for i := range f.Box {
		f.Box[i] = f.perMille(int16(be16(head, 36+2*i)))
	}
	f.Ascent, f.Descent = f.perMille(int16(be16(hhea, 4))), f.perMille(int16(be16(hhea, 6)))
	f.readAdvances()
	f.readCharacters()
	return f
}

// perMille converts font units to 1/1000 of the font size, rounded.
func (f *Font) perMille(units int16) int {
	n := 2*1000*int(units) + f.unitsPerEm
	if n < 0 {
		return -((-n + 2*f.unitsPerEm - 1) / (2 * f.unitsPerEm))
	}
	return n / (2 * f.unitsPerEm)
}

func (f *Font) readAdvances() {
	long, hmtx := int(be16(f.tables["hhea"], 34)), f.tables["hmtx"]
	f.advances = make([]int, be16(f.tables["maxp"], 4))
	for i := range f.advances {
		f.advances[i] = f.perMille(int16(be16(hmtx, 4*min(i, long-1))))
	}
}

// readCharacters reads the tables of format 12, which has all characters, and of format 4, which has those of the basic plane.
func (f *Font) readCharacters() {
	cmap := f.tables["cmap"]
	for i := range int(be16(cmap, 2)) {
		table := cmap[be32(cmap, 4+8*i+4):]
		switch be16(table, 0) {
		case 4:
			f.readSegments(table)
		case 12:
			f.readGroups(table)
		}
	}
	for r := range f.latin {
		f.latin[r] = f.glyphs[rune(r)]
	}
}

// readGroups reads a table of format 12.
func (f *Font) readGroups(table []byte) {
	for g := range int(be32(table, 12)) {
		group := table[16+12*g:]
		first, last, glyph := be32(group, 0), be32(group, 4), be32(group, 8)
		for r := first; r <= last; r++ {
			f.add(rune(r), uint16(glyph+r-first))
		}
	}
}

// readSegments reads a table of format 4: for each segment its last and first characters, what to add to a character, and the
// distance to a list of glyphs, 0 if none.
func (f *Font) readSegments(table []byte) {
	n := int(be16(table, 6)) / 2
	for i := range n {
		last, first := int(be16(table, 14+2*i)), int(be16(table, 16+2*n+2*i))
		delta, at := be16(table, 16+4*n+2*i), 16+6*n+2*i
		for r := first; r <= last && r != 0xFFFF; r++ {
			glyph := uint16(r)
			if distance := int(be16(table, at)); distance != 0 {
				if glyph = be16(table, at+distance+2*(r-first)); glyph == 0 {
					continue
				}
			}
			f.add(rune(r), glyph+delta)
		}
	}
}

func (f *Font) add(r rune, glyph uint16) {
	if glyph != 0 && !hidden(r) {
		f.glyphs[r] = glyph
	}
}

// hidden reports whether r is a control or formatting character. It is printed as Mark, so that the reader notices it.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
}

// Shown returns the character printed for r: itself or Mark.
func (f *Font) Shown(r rune) rune {
	shown, _ := f.For(r).shown(r)
	return shown
}

// shown returns that character and its glyph.
func (f *Font) shown(r rune) (rune, uint16) {
	var glyph uint16
	if r >= 0 && int(r) < len(f.latin) {
		glyph = f.latin[r]
	} else {
		glyph = f.glyphs[r]
	}
	if glyph == 0 {
		return Mark, f.glyphs[Mark]
	}
	return r, glyph
}

// Width of a text in 1/1000 of the font's size, with the letters that other fonts print.
func (f *Font) Width(text string) int {
	sum := 0
	for _, r := range text {
		o := f
		shown, glyph := o.shown(r)
		if shown != r {
			o = f.For(r)
			_, glyph = o.shown(r)
		}
		sum += o.advances[glyph]
	}
	return sum
}

func be16(b []byte, at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
func be32(b []byte, at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
