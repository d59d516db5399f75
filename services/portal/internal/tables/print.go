package tables

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/internal/paper/qrcode"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// picture draws what the code of a table says, as the API tells it.
func picture(r *web.Request) error {
	t, err := r.API.Tables.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	code, err := qrcode.Encode(t.QRURL, qrcode.M, qrcode.MaxVersion)
	if err != nil {
		return fmt.Errorf("draw the code of a table: %w", err)
	}
	r.W.Header().Set("Content-Type", "image/svg+xml")
	r.W.Header().Set("Cache-Control", "no-store")
	return r.Send(http.StatusOK, svg(code))
}

func svg(c *qrcode.Code) []byte {
	side := c.Size + 2*qrcode.Quiet
	b := fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side, side, side)
	c.Runs(func(x, y, length int) {
		b = append(b, 'M')
		b = strconv.AppendInt(b, int64(x+qrcode.Quiet), 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(y+qrcode.Quiet), 10)
		b = fmt.Appendf(b, "h%dv1h-%dz", length, length)
	})
	return append(b, `"/></svg>`...)
}

// card is the card of one table as the API prints it.
func card(r *web.Request) error {
	format := "a6"
	if r.URL.Query().Get("format") == "a4" {
		format = "a4"
	}
	file, err := r.API.Tables.Card(r.Ctx(), r.PathValue("id"), eupay.CardParams{Format: format, Lang: r.Text.Code})
	if err != nil {
		return err
	}
	return sendPDF(r, "table.pdf", file.Data)
}

// cards prints all tables, or those of a zone, several on a page. The API prints one table on a file; what the codes say is the API's.
func cards(r *web.Request) error {
	all, err := every(r)
	if err != nil {
		return err
	}
	merchant, err := r.API.Merchant.Get(r.Ctx())
	if err != nil {
		return err
	}
	var chosen []eupay.Table
	for _, z := range byZone(all) {
		if r.URL.Query().Has("zone") && r.URL.Query().Get("zone") != z.Name {
			continue
		}
		for _, t := range z.Tables {
			if t.Status == "active" { // the code of another leads nowhere
				chosen = append(chosen, t)
			}
		}
	}
	if len(chosen) == 0 {
		return web.NotFound
	}
	file, err := sheet(merchant.Name, r.Text.T("tables.scan"), r.Text.Code, chosen)
	if err != nil {
		return err
	}
	return sendPDF(r, "tables.pdf", file)
}

func sendPDF(r *web.Request, name string, file []byte) error {
	h := r.W.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `inline; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	r.Uncompressed()
	return r.Send(http.StatusOK, file)
}

// A sheet of A4 holds two by four cards. Lengths are in tenths of a millimetre.
const (
	sheetWidth, sheetHeight = 2100, 2970
	columns, rows           = 2, 4
	cardWidth, cardHeight   = sheetWidth / columns, sheetHeight / rows
	codeSide, border        = 500, 60
)

const (
	black pdf.Colour = "0 0 0"
	grey  pdf.Colour = "0.47 0.47 0.47"
	faint pdf.Colour = "0.8 0.8 0.8"
)

// mm converts tenths of a millimetre to hundredths of a point.
func mm(tenths int) int { return tenths * 72 * pdf.Point / 254 }

// sheet prints cards of tables with lines to cut along.
func sheet(merchant, call, lang string, tables []eupay.Table) ([]byte, error) {
	c := pdf.NewCanvas(mm(sheetWidth), mm(sheetHeight))
	for i, t := range tables {
		at := i % (columns * rows)
		if at == 0 {
			c.NewPage()
			cuts(c)
		}
		if err := draw(c, at%columns*cardWidth, at/columns*cardHeight, merchant, call, t); err != nil {
			return nil, err
		}
	}
	return file(c, merchant, lang), nil
}

func cuts(c *pdf.Canvas) {
	const thin = 2
	c.Box(faint, mm(cardWidth), 0, mm(thin), mm(sheetHeight))
	for row := 1; row < rows; row++ {
		c.Box(faint, 0, mm(row*cardHeight), mm(sheetWidth), mm(thin))
	}
}

// draw prints one card with its upper left corner at x, y: the code on the left, the texts beside it.
func draw(c *pdf.Canvas, x, y int, merchant, call string, t eupay.Table) error {
	code, err := qrcode.Encode(t.QRURL, qrcode.M, qrcode.MaxVersion)
	if err != nil {
		return fmt.Errorf("draw the code of a table: %w", err)
	}
	c.Code(code, mm(x+border/2), mm(y+(cardHeight-codeSide)/2), mm(codeSide))
	left, width := x+border/2+codeSide+20, cardWidth-codeSide-border-20
	top := y + 170
	for _, part := range []struct {
		style pdf.Style
		text  string
		most  int
	}{
		{pdf.Style{Bold: true, Size: 22 * pdf.Point, Colour: black}, t.Name, 3},
		{pdf.Style{Size: 12 * pdf.Point, Colour: grey}, t.Zone, 2},
		{pdf.Style{Bold: true, Size: 12 * pdf.Point, Colour: black}, call, 2},
		{pdf.Style{Size: 10 * pdf.Point, Colour: grey}, merchant, 2},
	} {
		lines := c.Wrap(part.style, mm(width), printable(part.text))
		for _, line := range lines[:min(len(lines), part.most)] {
			c.Text(part.style, mm(left), mm(top), line)
			top += part.style.Leading() * 254 / 72 / pdf.Point
		}
		top += 30
	}
	return nil
}

// The numbers of the objects of a sheet.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objRegular // of pdf.FontObjects
	objBold    = objRegular + pdf.FontObjects
	objFirst   = objBold + pdf.FontObjects
)

func file(c *pdf.Canvas, title, lang string) []byte {
	f := pdf.NewFile()
	for range objFirst - 1 {
		f.Reserve()
	}
	at := pdf.Objects{Tree: objPages, Regular: objRegular, Bold: objBold}
	c.Reserve(f, &at)
	f.Object(objCatalog, "<</Type/Catalog/Pages "+pdf.Ref(objPages)+"/Lang("+lang+")/ViewerPreferences<</DisplayDocTitle true>>>>")
	f.Object(objPages, at.Kids())
	f.Object(objInfo, "<</Title"+pdf.Literal(printable(title))+"/Producer"+pdf.Literal("EU Pay")+">>")
	c.Write(f, at)
	return f.End(objCatalog, objInfo)
}

// printable is what the font of cards has: the letters of all languages, and no pictures.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r > 0xffff || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text))
}
