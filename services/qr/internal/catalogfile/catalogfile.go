// Package catalogfile reads and writes a merchant's catalog as CSV: a line for each product, and below it one for each of its variants.
package catalogfile

import (
	"fmt"
	"io"
	"strings"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/sheet"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// column is one of a file.
type column int

// The columns, in the order in which they are written. A file that is read may have them in any order, and leave out all but the name.
const (
	colID column = iota
	colVariantID
	colName
	colVariant
	colDescription
	colCategory
	colPrice
	colVAT
	colSKU
	colEAN
	colStock
	colLowStock
	colAvailable
	columnCount
)

// names are the columns' in the API; also what problems call them.
var names = [columnCount]string{
	"id", "variant_id", "name", "variant", "description", "category", "price_ttc", "vat_rate", "sku", "ean", "stock_quantity", "low_stock_at", "is_available",
}

// aliases are other names, as headOf writes them: those that French shops use.
var aliases = map[string]column{
	"identifiant": colID, "product_id": colID, "id_variante": colVariantID, "id_declinaison": colVariantID,
	"nom": colName, "produit": colName, "article": colName, "designation": colName, "libelle": colName, "variante": colVariant, "declinaison": colVariant,
	"categorie": colCategory, "rayon": colCategory, "famille": colCategory,
	"price": colPrice, "prix": colPrice, "prix_ttc": colPrice, "prix_de_vente": colPrice, "prix_de_vente_ttc": colPrice,
	"vat": colVAT, "tva": colVAT, "taux_tva": colVAT, "taux_de_tva": colVAT,
	"reference": colSKU, "ref": colSKU, "code_article": colSKU, "code_barres": colEAN, "code_barre": colEAN, "ean13": colEAN, "gtin": colEAN, "barcode": colEAN,
	"gencod": colEAN, "stock": colStock, "quantite": colStock, "quantity": colStock, "seuil": colLowStock, "seuil_d_alerte": colLowStock, "seuil_alerte": colLowStock,
	"alerte_stock": colLowStock, "stock_minimum": colLowStock, "available": colAvailable, "disponible": colAvailable, "en_vente": colAvailable, "actif": colAvailable,
}

// headOf makes the names of columns that people consider equal the same: without case, accents and signs.
func headOf(cell string) string {
	return strings.Join(strings.FieldsFunc(plaintext.Key(cell), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }), "_")
}

func columnOf(cell string) (column, bool) {
	head := headOf(cell)
	for c, name := range names {
		if head == name {
			return column(c), true
		}
	}
	c, ok := aliases[head]
	return c, ok
}

// Writer writes a catalog. Make it with NewWriter.
type Writer struct {
	to      sheet.Writer
	decimal func(string) string
}

// NewWriter returns a writer that has written the head.
func NewWriter(to io.Writer, d sheet.Dialect) (*Writer, error) {
	w := &Writer{to: sheet.NewCSV(to, d), decimal: func(s string) string { return s }}
	if d == sheet.Semicolon {
		w.decimal = func(s string) string { return strings.Replace(s, ".", ",", 1) }
	}
	head := make([]sheet.Cell, columnCount)
	for c, name := range names {
		head[c] = sheet.Text(name)
	}
	if err := w.to.Row(head...); err != nil {
		return nil, fmt.Errorf("write catalog: %w", err)
	}
	return w, nil
}

// Product writes a product and its variants.
func (w *Writer) Product(p catalog.Product) error {
	row := blank()
	row[colID], row[colName], row[colDescription], row[colCategory] = sheet.Text(p.ID), sheet.Text(p.Name), sheet.Text(p.Description), sheet.Text(p.Category)
	row[colPrice], row[colVAT] = sheet.Amount(p.Price), sheet.Text(w.decimal(percent(p.VATPerMill)))
	row[colSKU], row[colEAN], row[colAvailable] = sheet.Text(p.SKU), sheet.Text(p.EAN), sheet.Text(yes(p.Available))
	if p.LowStockAt > 0 {
		row[colLowStock] = sheet.Number(int64(p.LowStockAt))
	}
	if len(p.Variants) == 0 {
		row[colStock] = sheet.Number(int64(p.Stock))
	}
	if err := w.to.Row(row...); err != nil {
		return fmt.Errorf("write product: %w", err)
	}
	for _, v := range p.Variants {
		if err := w.variant(p, v); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) variant(p catalog.Product, v catalog.Variant) error {
	row := blank()
	row[colID], row[colVariantID], row[colName], row[colVariant] = sheet.Text(p.ID), sheet.Text(v.ID), sheet.Text(p.Name), sheet.Text(v.Name)
	if v.Price != nil {
		row[colPrice] = sheet.Amount(*v.Price)
	}
	row[colSKU], row[colEAN], row[colAvailable] = sheet.Text(v.SKU), sheet.Text(v.EAN), sheet.Text(yes(v.Available))
	row[colStock] = sheet.Number(int64(v.Stock))
	if v.LowStockAt > 0 {
		row[colLowStock] = sheet.Number(int64(v.LowStockAt))
	}
	if err := w.to.Row(row...); err != nil {
		return fmt.Errorf("write variant: %w", err)
	}
	return nil
}

// Close completes the file.
func (w *Writer) Close() error {
	if err := w.to.Close(); err != nil {
		return fmt.Errorf("write catalog: %w", err)
	}
	return nil
}

func blank() []sheet.Cell {
	row := make([]sheet.Cell, columnCount)
	for i := range row {
		row[i] = sheet.Text("")
	}
	return row
}

func percent(r vat.Rate) string { return money.FormatDecimal(int64(r), 1, 0) }

func yes(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
