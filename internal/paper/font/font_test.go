package font

import (
	"bytes"
	"testing"
)

func TestCharactersWithoutAGlyphGetAMark(t *testing.T) {
	f := Regular()
	for _, r := range "aé€Żđőș—“”…✓ΩЖא\u00a0\u202f" {
		if got, glyph := f.shown(r); got != r || glyph == 0 {
			t.Errorf("%q is not in the font", r)
		}
	}
	for _, r := range "🎁漢\u200b\u200d\u202e\u0007\ue000\U0010ffff" {
		if got, glyph := f.shown(r); got != Mark || glyph == 0 {
			t.Errorf("%U is shown as %q", r, got)
		}
	}
}

// outlines are the simple glyphs that a glyph is made of.
func (f *Font) outlines(glyph uint16) (out [][]byte) {
	data := f.outline(glyph)
	if len(data) == 0 || int16(be16(data, 0)) >= 0 {
		return [][]byte{data}
	}
	parts(data, func(part uint16) uint16 { out = append(out, f.outlines(part)...); return part })
	return out
}

func TestTheEmbeddedFontDrawsWhatTheWholeOneDraws(t *testing.T) {
	for _, whole := range []*Font{Regular(), Bold()} {
		s := NewSubset(whole)
		for _, r := range "aéÀçǆệΏй€ " + string(Mark) {
			s.Code(r)
		}
		file := s.File()
		if sum(file) != 0xB1B0AFBA {
			t.Error("the sum of the file is wrong")
		}
		part := &Font{tables: map[string][]byte{}}
		for i := range int(be16(file, 4)) {
			entry := file[12+16*i:]
			data := file[be32(entry, 8) : be32(entry, 8)+be32(entry, 12)]
			if part.tables[string(entry[:4])] = data; string(entry[:4]) != "head" && sum(data) != be32(entry, 4) {
				t.Errorf("the sum of %s is wrong", entry[:4])
			}
		}
		for code, r := range s.Runes[1:] {
			_, glyph := whole.shown(r)
			for i, want := range whole.outlines(glyph) {
				if got := part.outlines(uint16(code + 1)); i >= len(got) || !bytes.Equal(bytes.TrimRight(got[i], "\x00"), bytes.TrimRight(want, "\x00")) {
					t.Errorf("%q is drawn otherwise", r)
				}
			}
			if advance := int(be16(part.tables["hmtx"], 4*(code+1))); whole.perMille(int16(advance)) != whole.advances[glyph] {
				t.Errorf("%q is %d wide", r, advance)
			}
		}
	}
}
