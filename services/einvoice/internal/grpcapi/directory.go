package grpcapi

import (
	"context"
	"errors"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/ident"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/directory"
)

// Directory implements DirectoryService.
type Directory struct {
	einvoicev1.UnimplementedDirectoryServiceServer
	directory *directory.Directory
}

// NewDirectory returns the service over a directory.
func NewDirectory(d *directory.Directory) *Directory { return &Directory{directory: d} }

// LookUp implements DirectoryService.
func (s *Directory) LookUp(ctx context.Context, req *einvoicev1.LookUpRequest) (*einvoicev1.LookUpResponse, error) {
	if !ident.IsSIREN(req.GetSiren()) {
		return nil, errs.Invalid(errs.Field{Field: "siren", Message: "siren must be a SIREN: nine digits with a valid checksum."})
	}
	b, err := s.directory.Find(ctx, req.GetLivemode(), req.GetSiren())
	if errors.Is(err, directory.ErrUnknown) {
		return nil, errs.New(errs.NotFoundCode, "The directory does not know this SIREN.")
	}
	if err != nil {
		return nil, err
	}
	out := &einvoicev1.LookUpResponse{Siren: b.SIREN, Name: b.Name}
	if l, err := directory.Choose(b, "", ""); err == nil {
		out.ElectronicAddress = b.Electronic(l)
	}
	for _, l := range b.Lines {
		out.Reachable = out.GetReachable() || l.Addressable
		out.Lines = append(out.Lines, &einvoicev1.DirectoryLine{
			ElectronicAddress: b.Electronic(l), Siret: l.SIRET, Suffix: l.Suffix, RoutingCode: l.RoutingCode, Addressable: l.Addressable, Public: l.Public,
			Address: &einvoicev1.Address{
				Street: l.Address.Street, More: l.Address.More, PostCode: l.Address.PostCode, City: l.Address.City, Country: l.Address.Country,
			},
		})
	}
	return out, nil
}
