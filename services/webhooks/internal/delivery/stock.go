package delivery

import (
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

func stockMessage(e events.Event, c *eventsv1.StockAlert) (Message, error) {
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	reference := c.GetVariantId()
	if reference == "" {
		reference = c.GetProductId()
	}
	return Message{
		Reference: reference, Sequence: c.GetSequence(), at: happened(e, c.GetOccurredAt()), data: func(string) any { return stockBody(c) },
	}, nil
}

// stockData is what runs low, or is sold out.
type stockData struct {
	ProductID     string  `json:"product_id"`
	VariantID     *string `json:"variant_id"`
	Name          string  `json:"name"`
	SKU           *string `json:"sku"`
	EAN           *string `json:"ean"`
	StockQuantity int32   `json:"stock_quantity"`
	LowStockAt    *int32  `json:"low_stock_at"`
}

func stockBody(c *eventsv1.StockAlert) stockData {
	d := stockData{
		ProductID: c.GetProductId(), VariantID: textOrNull(c.GetVariantId()), Name: c.GetName(), SKU: textOrNull(c.GetSku()), EAN: textOrNull(c.GetEan()),
		StockQuantity: c.GetStockQuantity(),
	}
	if at := c.GetLowStockAt(); at > 0 {
		d.LowStockAt = &at
	}
	return d
}
