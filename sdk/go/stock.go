package eupay

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Variant is one form of a product, such as a size in a colour, with a stock of its own.
type Variant struct {
	ID         string            `json:"id"`
	ProductID  string            `json:"product_id"`
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes"`
	SKU        string            `json:"sku"`
	EAN        string            `json:"ean"`
	// Nil: the product's price.
	PriceTTC      *Amount `json:"price_ttc"`
	StockQuantity int     `json:"stock_quantity"`
	// When the stock comes down to it, product.low_stock is sent. 0: never.
	LowStockAt  int       `json:"low_stock_at"`
	IsAvailable bool      `json:"is_available"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// VariantParams is a variant to add.
type VariantParams struct {
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes,omitzero"`
	SKU        string            `json:"sku,omitzero"`
	// EAN-8, UPC-A, EAN-13 or GTIN-14, with its check digit.
	EAN string `json:"ean,omitzero"`
	// Nil: the product's price.
	PriceTTC      *Amount `json:"price_ttc,omitzero"`
	StockQuantity int     `json:"stock_quantity,omitzero"`
	LowStockAt    int     `json:"low_stock_at,omitzero"`
	// Nil: true.
	IsAvailable *bool `json:"is_available,omitzero"`
}

// VariantChange is what becomes different about a variant; nil: nothing.
type VariantChange struct {
	Name       *string            `json:"name,omitzero"`
	Attributes *map[string]string `json:"attributes,omitzero"`
	SKU        *string            `json:"sku,omitzero"`
	EAN        *string            `json:"ean,omitzero"`
	// A nil in it: the product's price again.
	PriceTTC      **Amount `json:"price_ttc,omitzero"`
	StockQuantity *int     `json:"stock_quantity,omitzero"`
	// A nil in it: no alert.
	LowStockAt  **int `json:"low_stock_at,omitzero"`
	IsAvailable *bool `json:"is_available,omitzero"`
}

const (
	variantsPath  = productPath + "/variants"
	variantPath   = variantsPath + "/{}"
	movementsPath = "/stock/movements"
)

// CreateVariant adds a variant to a product. The first one takes the stock over: what the product had itself is corrected to nothing.
func (s Products) CreateVariant(ctx context.Context, product string, p VariantParams) (*Variant, error) {
	return get[Variant](ctx, s.c, call{method: http.MethodPost, path: variantsPath, ids: []string{product}, body: p})
}

// UpdateVariant changes a variant.
func (s Products) UpdateVariant(ctx context.Context, product, id string, p VariantChange) (*Variant, error) {
	return get[Variant](ctx, s.c, call{method: http.MethodPatch, path: variantPath, ids: []string{product, id}, body: p})
}

// DeleteVariant removes a variant for good.
func (s Products) DeleteVariant(ctx context.Context, product, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: variantPath, ids: []string{product, id}})
}

// Scanned is what has a code.
type Scanned struct {
	Product Product `json:"product"`
	// VariantID is which of its variants has the code; empty: the product itself.
	VariantID string `json:"variant_id"`
}

// ByEAN finds the product that has the code, or whose variant has it.
func (s Products) ByEAN(ctx context.Context, ean string) (*Scanned, error) {
	return get[Scanned](ctx, s.c, call{method: http.MethodGet, path: "/product/by-ean/{}", ids: []string{ean}})
}

// ProductImportParams say what to do with a file.
type ProductImportParams struct {
	// DryRun: nothing is kept; the answer says what would be.
	DryRun bool
	// SetStock: the file's stock replaces that of what exists. Otherwise it counts for new products and variants only.
	SetStock bool
}

// ProductImport is what a file did, or would do.
type ProductImport struct {
	DryRun bool `json:"dry_run"`
	// Lines with products or variants.
	Lines     int `json:"lines"`
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	// Of a dry run.
	Problems []ImportProblem `json:"problems"`
}

// ImportProblem is why a line of a file cannot be applied.
type ImportProblem struct {
	// From 1, which names the columns.
	Line int `json:"line"`
	// Empty: the whole line.
	Column  string `json:"column"`
	Message string `json:"message"`
}

// Import applies a CSV file in UTF-8 to the catalog, all of its lines or none.
func (s Products) Import(ctx context.Context, csv []byte, p ProductImportParams) (*ProductImport, error) {
	q := query{}
	q.flag("dry_run", p.DryRun)
	q.flag("set_stock", p.SetStock)
	return get[ProductImport](ctx, s.c, call{
		method: http.MethodPost, path: "/product/imports", query: q, file: &File{ContentType: "text/csv; charset=utf-8", Data: csv},
	})
}

// Export begins the download of the catalog as CSV. Close it.
func (s Products) Export(ctx context.Context, separator ExportSeparator) (*Download, error) {
	q := query{}
	q.text("separator", string(separator))
	return s.c.download(ctx, call{path: "/product/export", query: q})
}

// Stock are the movements of the merchant's stock. It takes a login.
type Stock struct{ c *caller }

// StockReason is why a stock changed.
type StockReason string

// The reasons. Sales and cancellations are those of orders; the others are recorded by the merchant.
const (
	StockSale         StockReason = "sale"
	StockCancellation StockReason = "cancellation"
	StockDelivery     StockReason = "delivery"
	StockReturn       StockReason = "return"
	StockLoss         StockReason = "loss"
	StockCorrection   StockReason = "correction"
	StockCount        StockReason = "count"
)

// StockMovement is one change of the stock of a product or variant. All movements of one add up to its stock.
type StockMovement struct {
	ID        string `json:"id"`
	ProductID string `json:"product_id"`
	// Empty: the product's own stock.
	VariantID string `json:"variant_id"`
	// What it was called then.
	Name   string      `json:"name"`
	Reason StockReason `json:"reason"`
	// StockAfter less StockBefore.
	Quantity    int `json:"quantity"`
	StockBefore int `json:"stock_before"`
	StockAfter  int `json:"stock_after"`
	// Of sales and cancellations: the id of the order.
	Reference string `json:"reference"`
	// Who did it. Empty: a guest, or the service.
	Actor string `json:"actor"`
	// Counts the movements of the product or variant.
	Sequence   int       `json:"sequence"`
	OccurredAt time.Time `json:"occurred_at"`
}

// StockMovementParams is a movement to record.
type StockMovementParams struct {
	ProductID string `json:"product_id"`
	// Of a product with variants.
	VariantID string `json:"variant_id,omitzero"`
	// One of delivery, return, loss, correction, count.
	Reason StockReason `json:"reason"`
	// What the stock changes by: above 0 for a delivery or return, below for a loss. Not of a count.
	Quantity int `json:"quantity,omitzero"`
	// Of a count: how many there are, and how many you believed there were.
	Counted  *int `json:"counted,omitzero"`
	Expected *int `json:"expected,omitzero"`
	// Yours, such as the number of a delivery note.
	Reference string `json:"reference,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// Move records a movement.
func (s Stock) Move(ctx context.Context, p StockMovementParams) (*StockMovement, error) {
	return get[StockMovement](ctx, s.c, call{method: http.MethodPost, path: movementsPath, body: p, once: true, key: p.IdempotencyKey})
}

// StockMovementListParams choose movements. What is empty chooses nothing.
type StockMovementListParams struct {
	ProductID string
	// VariantID goes with ProductID.
	VariantID string
	// Limit is the most elements of a page, up to 100. 0: 20 of Movements, 100 of AllMovements.
	Limit int
	// StartingAfter is the id of the movement after which the list goes on.
	StartingAfter string
}

func (s Stock) listing(p StockMovementListParams) listing[StockMovement] {
	q := query{}
	q.text("product_id", p.ProductID)
	q.text("variant_id", p.VariantID)
	q.number("limit", p.Limit)
	q.text("starting_after", p.StartingAfter)
	return listing[StockMovement]{s.c, call{path: movementsPath, query: q}, func(m *StockMovement) string { return m.ID }}
}

// Movements reads one page of the movements, the newest first.
func (s Stock) Movements(ctx context.Context, p StockMovementListParams) (*Page[StockMovement], error) {
	return s.listing(p).page(ctx)
}

// AllMovements reads the movements to their end, the newest first.
func (s Stock) AllMovements(ctx context.Context, p StockMovementListParams) iter.Seq2[StockMovement, error] {
	return s.listing(p).all(ctx)
}

// LowStock is a product or variant that is sold out or has reached its threshold.
type LowStock struct {
	ProductID string `json:"product_id"`
	// Empty: the product itself.
	VariantID     string `json:"variant_id"`
	Name          string `json:"name"`
	SKU           string `json:"sku"`
	EAN           string `json:"ean"`
	StockQuantity int    `json:"stock_quantity"`
	// 0: none.
	LowStockAt int `json:"low_stock_at"`
}

// Low reads one page of what is offered and runs low, by name.
func (s Stock) Low(ctx context.Context, p ListParams) (*Page[LowStock], error) {
	return listing[LowStock]{s.c, call{path: "/stock/low", query: p.query()}, nil}.page(ctx)
}
