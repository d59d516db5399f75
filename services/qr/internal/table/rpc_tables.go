package table

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Limits of a table.
const (
	maxName     = 100
	maxCapacity = 100
	// maxTables is the maximum per merchant: all are cached with its menu.
	maxTables = 1000
)

const (
	tableNoun = "Table"
	active    = "active"
	inactive  = "inactive"
)

// seat is a table of a merchant.
type seat struct {
	ID, Merchant, Name, Zone string
	Capacity                 int32
	Status, Token            string
	CreatedAt, UpdatedAt     time.Time
}

func (s *Server) tableURL(merchantID, token string) string {
	return s.site + "/order/" + merchantID + "/" + token
}

func (s *Server) tableView(t seat) *qrv1.Table {
	return &qrv1.Table{
		Id: t.ID, Name: t.Name, Zone: t.Zone, Capacity: t.Capacity, Status: t.Status, Token: t.Token, Url: s.tableURL(t.Merchant, t.Token),
		CreatedAt: timestamppb.New(t.CreatedAt), UpdatedAt: timestamppb.New(t.UpdatedAt),
	}
}

// apply sets the given fields and validates them.
func (t *seat) apply(f *qrv1.TableFields) error {
	var bad problems
	if f.Name != nil {
		t.Name = bad.name("name", f.GetName(), maxName)
	}
	if f.Zone != nil {
		t.Zone = bad.text("zone", f.GetZone(), maxName)
	}
	if f.Capacity != nil {
		t.Capacity = f.GetCapacity()
	}
	if t.Capacity < 1 || t.Capacity > maxCapacity {
		bad.add("capacity", "must be from 1 to %d", maxCapacity)
	}
	if f.Status != nil {
		t.Status = f.GetStatus()
	}
	if t.Status != active && t.Status != inactive {
		bad.add("status", "must be active or inactive")
	}
	return bad.err()
}

// CreateTable implements TableService.
func (s *Server) CreateTable(ctx context.Context, r *qrv1.CreateTableRequest) (*qrv1.CreateTableResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	now := s.now()
	t := seat{
		ID: uuid.Must(uuid.NewV7()).String(), Merchant: r.GetMerchantId(), Capacity: 4, Status: active, Token: newToken(),
		CreatedAt: now, UpdatedAt: now,
	}
	fields := r.GetFields()
	if fields == nil {
		fields = &qrv1.TableFields{}
	}
	if fields.Name == nil {
		fields.Name = new(string)
	}
	if err := t.apply(fields); err != nil {
		return nil, err
	}
	err := s.commit(ctx, t.Merchant, func(tx pgx.Tx) error {
		if err := insertMerchant(ctx, tx, t.Merchant, r.GetMerchantName()); err != nil {
			return err
		}
		n, err := countTables(ctx, tx, t.Merchant)
		if err != nil {
			return err
		}
		if n >= maxTables {
			return errs.New(errs.InvalidState, "You can have at most %d tables. Delete one first.", maxTables)
		}
		return insertTable(ctx, tx, t)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.CreateTableResponse{Table: s.tableView(t)}, nil
}

// ListTables implements TableService.
func (s *Server) ListTables(ctx context.Context, r *qrv1.ListTablesRequest) (*qrv1.ListTablesResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	limit, offset := page(r.GetPage(), r.GetLimit())
	total, err := countTables(ctx, s.pool, r.GetMerchantId())
	if err != nil {
		return nil, err
	}
	list, err := listTables(ctx, s.pool, r.GetMerchantId(), limit, offset)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListTablesResponse{Total: total}
	for _, t := range list {
		res.Tables = append(res.Tables, s.tableView(t))
	}
	return res, nil
}

// GetTable implements TableService.
func (s *Server) GetTable(ctx context.Context, r *qrv1.GetTableRequest) (*qrv1.GetTableResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), tableNoun); err != nil {
		return nil, err
	}
	t, err := readTable(ctx, s.pool, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetTableResponse{Table: s.tableView(t)}, nil
}

// UpdateTable implements TableService.
func (s *Server) UpdateTable(ctx context.Context, r *qrv1.UpdateTableRequest) (*qrv1.UpdateTableResponse, error) {
	t, err := s.changeTable(ctx, r.GetMerchantId(), r.GetId(), func(t *seat) error { return t.apply(r.GetFields()) })
	if err != nil {
		return nil, err
	}
	return &qrv1.UpdateTableResponse{Table: s.tableView(t)}, nil
}

// RefreshTableToken implements TableService.
func (s *Server) RefreshTableToken(ctx context.Context, r *qrv1.RefreshTableTokenRequest) (*qrv1.RefreshTableTokenResponse, error) {
	t, err := s.changeTable(ctx, r.GetMerchantId(), r.GetId(), func(t *seat) error { t.Token = newToken(); return nil })
	if err != nil {
		return nil, err
	}
	return &qrv1.RefreshTableTokenResponse{Table: s.tableView(t)}, nil
}

// changeTable applies do to the locked table.
func (s *Server) changeTable(ctx context.Context, merchantID, id string, do func(*seat) error) (seat, error) {
	if err := checkIDs(merchantID, id, tableNoun); err != nil {
		return seat{}, err
	}
	var t seat
	err := s.commit(ctx, merchantID, func(tx pgx.Tx) error {
		var err error
		if t, err = lockTable(ctx, tx, merchantID, id); err != nil {
			return err
		}
		if err := do(&t); err != nil {
			return err
		}
		t.UpdatedAt = s.now()
		return updateTable(ctx, tx, t)
	})
	return t, err
}

// DeleteTable implements TableService. The orders of the table stay.
func (s *Server) DeleteTable(ctx context.Context, r *qrv1.DeleteTableRequest) (*qrv1.DeleteTableResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), tableNoun); err != nil {
		return nil, err
	}
	err := s.commit(ctx, r.GetMerchantId(), func(tx pgx.Tx) error { return deleteTable(ctx, tx, r.GetMerchantId(), r.GetId()) })
	if err != nil {
		return nil, err
	}
	return &qrv1.DeleteTableResponse{}, nil
}
