package kitchen

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	// maxStations is the maximum per merchant, maxRoutes of categories and of products of one station.
	maxStations, maxRoutes = 50, 500
	maxCategory            = 100
	stationNoun            = "Station"
)

// station is where lines are made.
type station struct {
	ID, Merchant, Name   string
	Default              bool
	Categories, Products []string
	CreatedAt, UpdatedAt time.Time
}

func (st *station) view() *qrv1.Station {
	return &qrv1.Station{
		Id: st.ID, Name: st.Name, IsDefault: st.Default, Categories: st.Categories, ProductIds: st.Products,
		CreatedAt: timestamppb.New(st.CreatedAt), UpdatedAt: timestamppb.New(st.UpdatedAt),
	}
}

// apply sets the given fields and validates them.
func (st *station) apply(f *qrv1.StationFields) error {
	var bad refuse.Problems
	if f.Name != nil {
		st.Name = readName(&bad, f.GetName())
	}
	if f.IsDefault != nil {
		bad.If(st.Default && !f.GetIsDefault(), "is_default", "can only be moved: make another station the default")
		st.Default = f.GetIsDefault()
	}
	if f.GetCategories() != nil {
		st.Categories = readCategories(&bad, f.GetCategories().GetValues())
	}
	if f.GetProductIds() != nil {
		st.Products = readProducts(&bad, f.GetProductIds().GetValues())
	}
	return bad.Err()
}

func readCategories(bad *refuse.Problems, given []string) []string {
	if len(given) > maxRoutes {
		bad.Add("categories", "must have at most %d entries", maxRoutes)
		return nil
	}
	list := []string{}
	for i, text := range given {
		name, ok := plaintext.Line(text, maxCategory)
		bad.If(!ok, refuse.At("categories", i), "must have at most %d characters", maxCategory)
		list = append(list, name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// readProducts validates the form of the ids; whether they are the merchant's is a question for the database.
func readProducts(bad *refuse.Problems, given []string) []string {
	if len(given) > maxRoutes {
		bad.Add("products", "must have at most %d entries", maxRoutes)
		return nil
	}
	list := append([]string{}, given...)
	for i, id := range list {
		bad.If(!isID(id), refuse.At("products", i), "must be the id of one of your products")
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// CreateStation implements KitchenService.
func (s *Server) CreateStation(ctx context.Context, r *qrv1.CreateStationRequest) (*qrv1.CreateStationResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	now := s.now()
	st := &station{ID: events.NewID(), Merchant: r.GetMerchantId(), CreatedAt: now, UpdatedAt: now}
	fields := r.GetFields()
	if fields == nil {
		fields = &qrv1.StationFields{}
	}
	if fields.Name == nil {
		fields.Name = new(string)
	}
	if err := st.apply(fields); err != nil {
		return nil, err
	}
	err := s.changeStations(ctx, st.Merchant, func(tx pgx.Tx) error {
		n, err := countStations(ctx, tx, st.Merchant)
		if err != nil {
			return err
		}
		if n >= maxStations {
			return errs.New(errs.InvalidState, "You can have at most %d stations. Delete one first.", maxStations)
		}
		st.Default = st.Default || n == 0
		return insertStation(ctx, tx, st)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.CreateStationResponse{Station: st.view()}, nil
}

// changeStations runs do while no order of the merchant is placed and no other station changes.
func (s *Server) changeStations(ctx context.Context, merchantID string, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := holdOrders(ctx, tx, merchantID); err != nil {
			return err
		}
		return do(tx)
	})
}

// ListStations implements KitchenService.
func (s *Server) ListStations(ctx context.Context, r *qrv1.ListStationsRequest) (*qrv1.ListStationsResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	list, err := stationsOf(ctx, s.pool, r.GetMerchantId())
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListStationsResponse{}
	for _, st := range list {
		res.Stations = append(res.Stations, st.view())
	}
	return res, nil
}

// GetStation implements KitchenService.
func (s *Server) GetStation(ctx context.Context, r *qrv1.GetStationRequest) (*qrv1.GetStationResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), stationNoun); err != nil {
		return nil, err
	}
	st, err := readStation(ctx, s.pool, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetStationResponse{Station: st.view()}, nil
}

// UpdateStation implements KitchenService.
func (s *Server) UpdateStation(ctx context.Context, r *qrv1.UpdateStationRequest) (*qrv1.UpdateStationResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), stationNoun); err != nil {
		return nil, err
	}
	var st *station
	err := s.changeStations(ctx, r.GetMerchantId(), func(tx pgx.Tx) error {
		var err error
		if st, err = readStation(ctx, tx, r.GetMerchantId(), r.GetId()); err != nil {
			return err
		}
		if err := st.apply(r.GetFields()); err != nil {
			return err
		}
		st.UpdatedAt = s.now()
		return updateStation(ctx, tx, st)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.UpdateStationResponse{Station: st.view()}, nil
}

// DeleteStation implements KitchenService.
func (s *Server) DeleteStation(ctx context.Context, r *qrv1.DeleteStationRequest) (*qrv1.DeleteStationResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), stationNoun); err != nil {
		return nil, err
	}
	err := s.changeStations(ctx, r.GetMerchantId(), func(tx pgx.Tx) error { return deleteStation(ctx, tx, r.GetMerchantId(), r.GetId()) })
	if err != nil {
		return nil, err
	}
	return &qrv1.DeleteStationResponse{}, nil
}
