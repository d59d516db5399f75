package seqino

import (
	"context"
	"net/http"
	"regexp"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// maxLines limits the lines of one business that are kept; more than that nobody chooses from.
const maxLines = 200

// routingShape is what an address of scheme 0225 may contain (BR-FR-23).
var routingShape = regexp.MustCompile(`^[A-Za-z0-9.\-]{1,100}$`)

// Directory implements platform.Platform. Lines that cannot be addresses are omitted.
func (c *Client) Directory(ctx context.Context, siren string) (platform.Business, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	const op = "look up the directory"
	if !ident.IsSIREN(siren) {
		return platform.Business{}, &Error{Op: op, Class: NotFound, Err: platform.ErrNotFound}
	}
	var found wireBusiness
	if err := c.call(ctx, request{op: op, method: http.MethodGet, path: pathDirectory + "/" + siren}, &found); err != nil {
		return platform.Business{}, err
	}
	if found.SIREN != siren {
		return platform.Business{}, unreadable(op, http.StatusOK)
	}
	b := platform.Business{SIREN: siren, Name: c.safeText(found.Name)}
	for _, w := range found.Entries[:min(len(found.Entries), maxLines)] {
		l := platform.Line{SIRET: w.SIRET, Suffix: w.Suffix, RoutingCode: w.Routing, Addressable: w.Addressable, Public: w.Nature == natureOfPublic}
		if w.Address.Country != "" {
			l.Address = invoice.Address{
				Street: c.safeText(w.Address.Street), PostCode: c.safeText(w.Address.PostCode), City: c.safeText(w.Address.City), Country: code(w.Address.Country),
			}
		}
		if w.of(siren) {
			b.Lines = append(b.Lines, l)
		}
	}
	return b, nil
}

// of reports whether the line is one of the SIREN.
func (w wireDirectoryLine) of(siren string) bool {
	return (w.SIRET == "" || ident.IsSIRET(w.SIRET) && w.SIRET[:9] == siren) &&
		(w.Suffix == "" || w.SIRET == "" && routingShape.MatchString(w.Suffix)) &&
		(w.Routing == "" || w.SIRET != "" && routingShape.MatchString(w.Routing))
}
