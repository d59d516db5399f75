package facturx

import (
	"crypto/md5" // #nosec G501 -- ISO 32000-1, 7.11.4: it is the only sum that an embedded file may have
	_ "embed"    // the colour profile
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
)

//go:generate go run gen_icc.go

var (
	//go:embed srgb.icc
	srgb       []byte
	packedSRGB = sync.OnceValue(func() []byte { return deflate(srgb) })
)

// The numbers of the objects that every document has, in the order in which they are written.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objMetadata
	objAttachment
	objFilespec
	objIntent
	objProfile
	objRegular // of five objects
	objBold    = objRegular + fontObjects
	objFirst   = objBold + fontObjects
)

const fontObjects = 5

// frame writes what is around the pages.
func (f *file) frame(d description, attached []byte, pages []int) {
	f.object(objCatalog, "<</Type/Catalog/Version/1.7/Pages "+ref(objPages)+"/Metadata "+ref(objMetadata)+"/Lang(fr-FR)"+
		"/ViewerPreferences<</DisplayDocTitle true>>/OutputIntents["+ref(objIntent)+"]/AF["+ref(objFilespec)+"]"+
		"/Names<</EmbeddedFiles<</Names[("+Attachment+")"+ref(objFilespec)+"]>>>>>>")
	kids := make([]string, len(pages))
	for i, n := range pages {
		kids[i] = ref(n)
	}
	f.object(objPages, "<</Type/Pages/Count "+strconv.Itoa(len(pages))+"/Kids["+strings.Join(kids, " ")+"]>>")
	f.object(objInfo, d.info())
	f.stream(objMetadata, "/Type/Metadata/Subtype/XML", d.xmp())
	f.attach(d, attached)
	f.object(objIntent, "<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB IEC61966-2.1)"+
		"/RegistryName(http://www.color.org)/Info(sRGB IEC61966-2.1)/DestOutputProfile "+ref(objProfile)+">>")
	f.stream(objProfile, "/N 3/Alternate/DeviceRGB/Filter/FlateDecode", packedSRGB())
}

// attach embeds the XML (ISO 19005-3, 6.8 and Factur-X 1.0, 6.2): the page and the XML say the same, so each is the
// other's alternative.
func (f *file) attach(d description, attached []byte) {
	check := md5.Sum(attached) // #nosec G401 -- see the import
	f.packed(objAttachment, fmt.Sprintf("/Type/EmbeddedFile/Subtype/text#2Fxml/Params<</Size %d/ModDate%s/CheckSum<%s>>>",
		len(attached), d.date(), hex.EncodeToString(check[:])), attached)
	f.object(objFilespec, "<</Type/Filespec/F("+Attachment+")/UF("+Attachment+")/AFRelationship/Alternative"+
		"/Desc(Factur-X)/EF<</F "+ref(objAttachment)+"/UF "+ref(objAttachment)+">>>>")
}

// font writes the five objects of a font, of which the first one is what pages refer to.
func (f *file) font(n int, s *subset) {
	program := s.file()
	font := s.font
	name := "/" + tag(program) + "+" + font.name
	f.object(n, "<</Type/Font/Subtype/Type0/BaseFont"+name+"/Encoding/Identity-H/DescendantFonts["+ref(n+1)+"]/ToUnicode "+ref(n+4)+">>")
	f.object(n+1, "<</Type/Font/Subtype/CIDFontType2/BaseFont"+name+"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"+
		"/CIDToGIDMap/Identity/FontDescriptor "+ref(n+2)+"/DW "+strconv.Itoa(font.advances[0])+"/W"+s.widths()+">>")
	f.object(n+2, fmt.Sprintf("<</Type/FontDescriptor/FontName%s/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d"+
		"/CapHeight %d/StemV %d/FontFile2 %s>>", name, font.box[0], font.box[1], font.box[2], font.box[3], font.ascent, font.descent,
		capitals, font.stem, ref(n+3)))
	f.packed(n+3, "/Length1 "+strconv.Itoa(len(program)), program)
	f.packed(n+4, "", s.unicode())
}

// capitals is the height of capital letters in 1/1000 of the font's size.
const capitals = 729

// widths of the codes from 0 (9.7.4.3).
func (s *subset) widths() string {
	b := []byte("[0[")
	for i, r := range s.runes {
		glyph := uint16(0)
		if i > 0 {
			b = append(b, ' ')
			_, glyph = s.font.shown(r)
		}
		b = strconv.AppendInt(b, int64(s.font.advances[glyph]), 10)
	}
	return string(append(b, "]]"...))
}

// unicode is the table by which programs read the text (9.10.3), in groups of at most a hundred.
func (s *subset) unicode() []byte {
	var b strings.Builder
	b.WriteString("/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n")
	const group = 100
	for from := 1; from < len(s.runes); from += group {
		runes := s.runes[from:min(from+group, len(s.runes))]
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
