package facturx

import (
	"crypto/md5" // #nosec G501 -- ISO 32000-1, 7.11.4: it is the only sum that an embedded file may have
	_ "embed"    // the colour profile
	"encoding/hex"
	"fmt"
	"sync"

	"european-pay.eu/eupay/internal/paper/pdf"
)

//go:generate go run gen_icc.go

var (
	//go:embed srgb.icc
	srgb       []byte
	packedSRGB = sync.OnceValue(func() []byte { return pdf.Deflate(srgb) })
)

// The numbers of the objects of every document, in the order in which they are written.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objMetadata
	objAttachment
	objFilespec
	objIntent
	objProfile
	objRegular // of pdf.FontObjects
	objBold    = objRegular + pdf.FontObjects
	objFirst   = objBold + pdf.FontObjects
)

// frame writes the objects around the pages.
func frame(f *pdf.File, d description, attached []byte, at pdf.Objects) {
	f.Object(objCatalog, "<</Type/Catalog/Version/1.7/Pages "+pdf.Ref(objPages)+"/Metadata "+pdf.Ref(objMetadata)+"/Lang(fr-FR)"+
		"/MarkInfo<</Marked true>>/StructTreeRoot "+pdf.Ref(at.Structure)+"/ViewerPreferences<</DisplayDocTitle true>>"+
		"/OutputIntents["+pdf.Ref(objIntent)+"]/AF["+pdf.Ref(objFilespec)+"]"+
		"/Names<</EmbeddedFiles<</Names[("+Attachment+")"+pdf.Ref(objFilespec)+"]>>>>>>")
	f.Object(objPages, at.Kids())
	f.Object(objInfo, d.info())
	f.Stream(objMetadata, "/Type/Metadata/Subtype/XML", d.xmp())
	attach(f, d, attached)
	f.Object(objIntent, "<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB IEC61966-2.1)"+
		"/RegistryName(http://www.color.org)/Info(sRGB IEC61966-2.1)/DestOutputProfile "+pdf.Ref(objProfile)+">>")
	f.Stream(objProfile, "/N 3/Alternate/DeviceRGB/Filter/FlateDecode", packedSRGB())
}

// attach embeds the XML (ISO 19005-3, 6.8 and Factur-X 1.0, 6.2). The page and the XML have the same content, so the relationship
// is "alternative".
func attach(f *pdf.File, d description, attached []byte) {
	check := md5.Sum(attached) // #nosec G401 -- see the import
	f.Packed(objAttachment, fmt.Sprintf("/Type/EmbeddedFile/Subtype/text#2Fxml/Params<</Size %d/ModDate%s/CheckSum<%s>>>",
		len(attached), d.date(), hex.EncodeToString(check[:])), attached)
	f.Object(objFilespec, "<</Type/Filespec/F("+Attachment+")/UF("+Attachment+")/AFRelationship/Alternative"+
		"/Desc(Factur-X)/EF<</F "+pdf.Ref(objAttachment)+"/UF "+pdf.Ref(objAttachment)+">>>>")
}
