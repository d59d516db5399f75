package pdf

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"european-pay.eu/eupay/internal/paper/font"
)

// FontObjects is the number of objects of a font.
const FontObjects = 5

// font writes the objects of a font. Pages refer to the first one.
func (f *File) font(n int, s *font.Subset) {
	program := s.File()
	whole, advances := s.Font, s.Advances()
	name := "/" + tag(program) + "+" + whole.Name
	f.Object(n, "<</Type/Font/Subtype/Type0/BaseFont"+name+"/Encoding/Identity-H/DescendantFonts["+Ref(n+1)+"]/ToUnicode "+Ref(n+4)+">>")
	f.Object(n+1, "<</Type/Font/Subtype/CIDFontType2/BaseFont"+name+"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"+
		"/CIDToGIDMap/Identity/FontDescriptor "+Ref(n+2)+"/DW "+strconv.Itoa(advances[0])+"/W"+widths(advances)+">>")
	f.Object(n+2, fmt.Sprintf("<</Type/FontDescriptor/FontName%s/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d"+
		"/CapHeight %d/StemV %d/FontFile2 %s>>", name, whole.Box[0], whole.Box[1], whole.Box[2], whole.Box[3], whole.Ascent, whole.Descent,
		capitals, whole.Stem, Ref(n+3)))
	f.Packed(n+3, "/Length1 "+strconv.Itoa(len(program)), program)
	f.Packed(n+4, "", unicodes(s))
}

// capitals is the height of capital letters in 1/1000 of the font size.
const capitals = 729

// widths lists the widths of the codes from 0 on (9.7.4.3).
func widths(advances []int) string {
	b := []byte("[0[")
	for i, advance := range advances {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(advance), 10)
	}
	return string(append(b, "]]"...))
}

// unicodes is the table with which programs extract the text (9.10.3), in groups of at most a hundred.
func unicodes(s *font.Subset) []byte {
	var b strings.Builder
	b.WriteString("/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n")
	const group = 100
	for from := 1; from < len(s.Runes); from += group {
		runes := s.Runes[from:min(from+group, len(s.Runes))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(runes))
		for i, r := range runes {
			fmt.Fprintf(&b, "<%04X><", from+i)
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, "%04X", u)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n")
	return []byte(b.String())
}

// tag returns the six letters before the name of a subset font.
func tag(file []byte) string {
	hash := sha256.Sum256(file)
	letters := make([]byte, 6)
	for i := range letters {
		letters[i] = 'A' + hash[i]%26
	}
	return string(letters)
}
