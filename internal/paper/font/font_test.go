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
	for _, whole := range []*Font{Regular(), Bold(), han(), hangul()} {
		s := NewSubset(whole)
		for _, r := range "aéÀçǆệΏй€ 漢あ한각" + string(Mark) {
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

func TestEveryLetterOfChineseJapaneseAndKoreanHasAFont(t *testing.T) {
	for _, f := range []*Font{Regular(), Bold()} {
		for _, c := range []struct {
			text string
			want *Font
		}{
			{"aé€Жא✓", f},
			{"漢字简体中文㐀あいうアイウーㄅ、。「」（）！￥〒々", han()},
			{"가각힣한국어", hangul()},
			{"🎁𠀀ع", f}, // of no font, or not of these
		} {
			for _, r := range c.text {
				if got := f.For(r); got != c.want {
					t.Errorf("%q is printed with %s", r, got.Name)
				}
			}
		}
		for r := rune(0xAC00); r <= 0xD7A3; r++ {
			if f.Shown(r) != r {
				t.Fatalf("the syllable %q has no glyph", r)
			}
		}
		for r := rune(0x4E00); r <= 0x9FA5; r++ {
			if f.Shown(r) != r {
				t.Fatalf("the ideograph %q has no glyph", r)
			}
		}
	}
}

func TestTheFirstCharacterThatCannotBePrintedIsFound(t *testing.T) {
	for _, text := range []string{
		"", "Crêpe « été » 5 €\n", "e\u0301", "Ελληνικά, Български, Հայերեն, ქართული, עברית", "寿司 すし スシ 초밥 ㄅ", "\u1112\u1161\u11ab", "✓ ☺ ½ ™ Ⅷ ※ ￥",
		"x\u0323",
	} {
		if r, is := Unprinted(text); is {
			t.Errorf("%q: %#U cannot be printed", text, r)
		}
	}
	for text, want := range map[string]rune{
		"Coffret 🎁": '🎁', "a\u200bb": '\u200b', "مرحبا": 'م', "हिन्दी": 'ह', "ไทย": 'ไ', "ລາວ": 'ລ', "שָׁלוֹם": '\u05b8', "吉𠮷": '𠮷', "\u1100": '\u1100', "a\u0007": '\u0007',
		"\ue000": '\ue000',
	} {
		if r, is := Unprinted(text); !is || r != want {
			t.Errorf("%q: found %#U (%v), want %#U", text, r, is, want)
		}
	}
}
