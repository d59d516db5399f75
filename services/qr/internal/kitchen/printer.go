package kitchen

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	printerNoun = "Printer"
	// cloudPRNT is the kind of printers that fetch their tickets, and so work behind any router.
	cloudPRNT = "cloudprnt"
	// maxPrinters is the maximum per merchant.
	maxPrinters = 50
	// usualWidth is that of paper of 80 mm.
	usualWidth, minWidth, maxWidth = 48, 24, 64
	// silentAfter is when a printer that asked before is shown as offline: it asks every few seconds. offlineAfter is when that is announced.
	silentAfter  = 2 * time.Minute
	offlineAfter = 5 * time.Minute
)

// languages are those of tickets.
var languages = []string{"fr", "en"}

// printer fetches tickets.
type printer struct {
	ID, Merchant, Name   string
	Stations             []string
	Language             string
	Width                int32
	Active               bool
	MAC, StatusCode      string
	LastSeenAt           *time.Time
	OfflineAt            *time.Time
	Waiting              int64
	CreatedAt, UpdatedAt time.Time
}

// status is what people see of it.
func (p *printer) status(now time.Time) string {
	switch {
	case p.LastSeenAt == nil:
		return "new"
	case now.Sub(*p.LastSeenAt) > silentAfter:
		return "offline"
	case !isSuccess(p.StatusCode):
		return "problem"
	default:
		return "online"
	}
}

// isSuccess reports whether a code such as "200 OK" says that all is well. CloudPRNT's codes begin as those of HTTP do; some printers say OK alone.
func isSuccess(code string) bool {
	return code == "" || strings.HasPrefix(code, "2") || strings.HasPrefix(strings.ToUpper(code), "OK")
}

func (p *printer) view(now time.Time) *qrv1.Printer {
	v := &qrv1.Printer{
		Id: p.ID, Name: p.Name, Kind: cloudPRNT, StationIds: p.Stations, Language: p.Language, Width: p.Width, IsActive: p.Active, Status: p.status(now),
		StatusCode: p.StatusCode, Mac: p.MAC, Waiting: p.Waiting, CreatedAt: timestamppb.New(p.CreatedAt), UpdatedAt: timestamppb.New(p.UpdatedAt),
	}
	if p.LastSeenAt != nil {
		v.LastSeenAt = timestamppb.New(*p.LastSeenAt)
	}
	return v
}

// apply sets the given fields and validates them.
func (p *printer) apply(f *qrv1.PrinterFields) error {
	var bad refuse.Problems
	if f.Name != nil {
		p.Name = readName(&bad, f.GetName())
	}
	if f.GetStationIds() != nil {
		p.Stations = append([]string{}, f.GetStationIds().GetValues()...)
		slices.Sort(p.Stations)
		p.Stations = slices.Compact(p.Stations)
		bad.If(len(p.Stations) > maxStations, "stations", "must have at most %d entries", maxStations)
		bad.If(slices.ContainsFunc(p.Stations, func(id string) bool { return !isID(id) }), "stations", "must be the ids of your stations")
	}
	if f.Language != nil {
		p.Language = f.GetLanguage()
		bad.If(!slices.Contains(languages, p.Language), "language", "must be fr or en")
	}
	if f.Width != nil {
		p.Width = f.GetWidth()
		bad.If(p.Width < minWidth || p.Width > maxWidth, "width", "must be from %d to %d", minWidth, maxWidth)
	}
	if f.IsActive != nil {
		p.Active = f.GetIsActive()
	}
	return bad.Err()
}

// newToken returns the secret of a printer's address, and the hash by which it is found.
func newToken() (token string, hash []byte) {
	var random [16]byte
	rand.Read(random[:]) // never returns an error
	token = hex.EncodeToString(random[:])
	return token, tokenHash(token)
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// CreatePrinter implements KitchenService.
func (s *Server) CreatePrinter(ctx context.Context, r *qrv1.CreatePrinterRequest) (*qrv1.CreatePrinterResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	now := s.now()
	p := &printer{
		ID: events.NewID(), Merchant: r.GetMerchantId(), Stations: []string{}, Language: languages[0], Width: usualWidth, Active: true, CreatedAt: now, UpdatedAt: now,
	}
	fields := r.GetFields()
	if fields == nil {
		fields = &qrv1.PrinterFields{}
	}
	if fields.Name == nil {
		fields.Name = new(string)
	}
	if err := p.apply(fields); err != nil {
		return nil, err
	}
	token, hash := newToken()
	err := s.changeStations(ctx, p.Merchant, func(tx pgx.Tx) error {
		n, err := countPrinters(ctx, tx, p.Merchant)
		if err != nil {
			return err
		}
		if n >= maxPrinters {
			return errs.New(errs.InvalidState, "You can have at most %d printers. Delete one first.", maxPrinters)
		}
		return insertPrinter(ctx, tx, p, hash)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.CreatePrinterResponse{Printer: p.view(now), Token: token}, nil
}

// ListPrinters implements KitchenService.
func (s *Server) ListPrinters(ctx context.Context, r *qrv1.ListPrintersRequest) (*qrv1.ListPrintersResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	list, err := printersOf(ctx, s.pool, r.GetMerchantId())
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListPrintersResponse{}
	for _, p := range list {
		res.Printers = append(res.Printers, p.view(s.now()))
	}
	return res, nil
}

// GetPrinter implements KitchenService.
func (s *Server) GetPrinter(ctx context.Context, r *qrv1.GetPrinterRequest) (*qrv1.GetPrinterResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), printerNoun); err != nil {
		return nil, err
	}
	p, err := readPrinter(ctx, s.pool, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetPrinterResponse{Printer: p.view(s.now())}, nil
}

// UpdatePrinter implements KitchenService.
func (s *Server) UpdatePrinter(ctx context.Context, r *qrv1.UpdatePrinterRequest) (*qrv1.UpdatePrinterResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), printerNoun); err != nil {
		return nil, err
	}
	var p *printer
	err := s.changeStations(ctx, r.GetMerchantId(), func(tx pgx.Tx) error {
		var err error
		if p, err = readPrinter(ctx, tx, r.GetMerchantId(), r.GetId()); err != nil {
			return err
		}
		if err := p.apply(r.GetFields()); err != nil {
			return err
		}
		p.UpdatedAt = s.now()
		return updatePrinter(ctx, tx, p)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.UpdatePrinterResponse{Printer: p.view(s.now())}, nil
}

// DeletePrinter implements KitchenService.
func (s *Server) DeletePrinter(ctx context.Context, r *qrv1.DeletePrinterRequest) (*qrv1.DeletePrinterResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), printerNoun); err != nil {
		return nil, err
	}
	err := s.changeStations(ctx, r.GetMerchantId(), func(tx pgx.Tx) error { return deletePrinter(ctx, tx, r.GetMerchantId(), r.GetId()) })
	if err != nil {
		return nil, err
	}
	return &qrv1.DeletePrinterResponse{}, nil
}

// RenewPrinterToken implements KitchenService.
func (s *Server) RenewPrinterToken(ctx context.Context, r *qrv1.RenewPrinterTokenRequest) (*qrv1.RenewPrinterTokenResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), printerNoun); err != nil {
		return nil, err
	}
	token, hash := newToken()
	if err := setToken(ctx, s.pool, r.GetMerchantId(), r.GetId(), hash, s.now()); err != nil {
		return nil, err
	}
	p, err := readPrinter(ctx, s.pool, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.RenewPrinterTokenResponse{Printer: p.view(s.now()), Token: token}, nil
}
