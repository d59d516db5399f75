package font

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the fonts
	"io"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The fonts for letters that DejaVu lacks, compressed because most processes never need them. Their licences are in the folder and
// in NOTICE.
var (
	//go:embed DroidSansFallbackFull.ttf.gz
	hanFile []byte
	//go:embed NanumSquareR.ttf.gz
	hangulFile []byte
)

// They have no bold face.
var (
	han    = sync.OnceValue(func() *Font { return read("DroidSansFallback", unpacked(hanFile), 70) })
	hangul = sync.OnceValue(func() *Font { return read("NanumSquareR", unpacked(hangulFile), 70) })
)

// unpacked decompresses an embedded file. It panics if the file is damaged, which the tests would detect.
func unpacked(file []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		panic(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return out
}

// For returns the font that prints r in a text of f: f itself if it has the letter, otherwise one for Chinese, Japanese and
// Korean. It returns f for a character that no font has, and f then prints Mark.
func (f *Font) For(r rune) *Font {
	if r < firstEastAsian || f.has(r) || !eastAsian(r) {
		return f
	}
	first, second := han, hangul
	if unicode.Is(unicode.Hangul, r) { // the first has three of them
		first, second = hangul, han
	}
	for _, other := range []func() *Font{first, second} {
		if o := other(); o.has(r) {
			return o
		}
	}
	return f
}

func (f *Font) has(r rune) bool {
	shown, _ := f.shown(r)
	return shown == r
}

// firstEastAsian is the first character after the parts of Korean syllables, which are not printed.
const firstEastAsian = 0x2E80

// eastAsian reports whether r can be in the fonts for Chinese, Japanese and Korean: a letter of their scripts, or one of their
// signs and wide forms. So an emoji does not load these fonts.
func eastAsian(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo) ||
		r >= firstEastAsian && r <= 0x33FF || r >= 0xFE30 && r <= 0xFE4F || r >= 0xFF00 && r <= 0xFFEF
}

// printed are the scripts whose letters stand beside each other as they are. The others, such as Arabic, Devanagari and Thai,
// change with their neighbours, which this package does not do.
var printed = []*unicode.RangeTable{
	unicode.Common, unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian, unicode.Hebrew,
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
}

// Unprinted returns the first character of text that the fonts cannot print as its readers know it: it has no glyph, its script
// joins or stacks letters, or it is a point of Hebrew or a part of a Korean syllable. ok is false if there is none.
func Unprinted(text string) (r rune, ok bool) {
	for _, r := range norm.NFC.String(text) {
		if r != '\n' && !printable(r) {
			return r, true
		}
	}
	return 0, false
}

// afterLatin is the first character after the Latin letters of Europe.
const afterLatin = 0x250

func printable(r rune) bool {
	f := Regular()
	switch {
	case r < afterLatin:
		return f.has(r)
	case !unicode.In(r, printed...), unicode.Is(unicode.Hebrew, r) && unicode.Is(unicode.M, r), r >= 0x1100 && r <= 0x11FF:
		return false
	}
	return f.For(r).has(r)
}
