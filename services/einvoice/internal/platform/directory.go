package platform

import (
	"strings"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Business is what the national directory knows of a SIREN.
type Business struct {
	SIREN, Name string
	Lines       []Line
}

// Line is where a business receives documents: as a whole, at an establishment (SIRET), at a part of one (routing code), or at a
// part of the whole (suffix). What a line does not have is empty.
type Line struct {
	SIRET, Suffix, RoutingCode string
	// Addressable means that documents can be sent there now.
	Addressable bool
	// Public is a body of the public sector.
	Public bool
	// Address without a country is not known.
	Address invoice.Address
}

// Electronic returns the address of a line in scheme 0225.
func (b Business) Electronic(l Line) string {
	parts := []string{b.SIREN}
	for _, p := range []string{l.SIRET, l.RoutingCode, l.Suffix} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "_")
}
