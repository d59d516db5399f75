package privacy

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/vault"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

// Server implements PrivacyService for one Room.
type Server struct {
	privacyv1.UnimplementedPrivacyServiceServer
	room  Room
	pool  *pgxpool.Pool
	vault *vault.Vault
	now   func() time.Time
	log   *slog.Logger
}

// NewServer returns the service. v opens the sealed fields of the room; nil if it has none.
func NewServer(room Room, pool *pgxpool.Pool, v *vault.Vault, now func() time.Time, log *slog.Logger) *Server {
	return &Server{room: room, pool: pool, vault: v, now: now, log: log}
}

// known is a row of a statement of Room.Resolve.
type known struct{ Kind, Value string }

// Resolve implements PrivacyService.
func (s *Server) Resolve(ctx context.Context, r *privacyv1.ResolveRequest) (*privacyv1.ResolveResponse, error) {
	if err := check(r.GetSubject()); err != nil {
		return nil, err
	}
	who := proto.CloneOf(r.GetSubject())
	params := args(r.GetSubject(), s.now())
	for _, statement := range s.room.Resolve {
		rows, err := s.pool.Query(ctx, statement, params)
		if err != nil {
			return nil, fmt.Errorf("resolve a person: %w", err)
		}
		values, err := pgx.CollectRows(rows, pgx.RowToStructByPos[known])
		if err != nil {
			return nil, fmt.Errorf("resolve a person: %w", err)
		}
		for _, v := range values {
			add(who, v.Kind, v.Value)
		}
	}
	return &privacyv1.ResolveResponse{Subject: who}, nil
}

// Find implements PrivacyService.
func (s *Server) Find(r *privacyv1.FindRequest, stream grpc.ServerStreamingServer[privacyv1.FindResponse]) error {
	if err := check(r.GetSubject()); err != nil {
		return err
	}
	params := args(r.GetSubject(), s.now())
	for _, h := range s.room.Holdings {
		if h.Find == "" {
			continue
		}
		found, err := s.find(stream.Context(), h, params)
		if err != nil {
			return err
		}
		for _, row := range found {
			if err := stream.Send(&privacyv1.FindResponse{Table: h.Table, Purpose: h.Why, Kept: h.Kept, Row: row}); err != nil {
				return err
			}
		}
	}
	return nil
}

// find reads all of a table's rows before any is sent: a slow reader must not hold a connection to the database.
func (s *Server) find(ctx context.Context, h Holding, params pgx.NamedArgs) ([][]byte, error) {
	rows, err := s.pool.Query(ctx, h.Find, params)
	if err != nil {
		return nil, fmt.Errorf("find a person in %s: %w", h.Table, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[map[string]any])
	if err != nil {
		return nil, fmt.Errorf("find a person in %s: %w", h.Table, err)
	}
	var out [][]byte
	for _, row := range found {
		if err := s.open(h, row); err != nil {
			return nil, err
		}
		text, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("write a row of %s: %w", h.Table, err)
		}
		out = append(out, text)
	}
	return out, nil
}

// open replaces the sealed fields of a row by what they hold.
func (s *Server) open(h Holding, row map[string]any) error {
	for _, f := range h.Sealed {
		sealed, ok := row[f.Name].(map[string]any)
		if !ok {
			continue
		}
		key, _ := sealed["key"].(string)
		text, _ := sealed["sealed"].(string)
		data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", "")) // PostgreSQL breaks the lines
		if err != nil {
			return fmt.Errorf("decode %s of %s: %w", f.Name, h.Table, err)
		}
		if row[f.Name], err = s.vault.Open(vault.Sealed{KeyID: key, Data: data}, f.Owner(row)); err != nil {
			return fmt.Errorf("open %s of %s: %w", f.Name, h.Table, err)
		}
	}
	return nil
}

// maxNamed is how many obstacles an error names.
const maxNamed = 20

// Erase implements PrivacyService. A dry run erases in a transaction that is rolled back, so that its counts are exactly those of the erasure.
func (s *Server) Erase(ctx context.Context, r *privacyv1.EraseRequest) (*privacyv1.EraseResponse, error) {
	if err := check(r.GetSubject()); err != nil {
		return nil, err
	}
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to erase: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit it does nothing
	params, res := args(r.GetSubject(), s.now()), &privacyv1.EraseResponse{}
	if res.Obstacles, err = s.obstacles(ctx, tx, params); err != nil {
		return nil, err
	}
	if len(res.GetObstacles()) > 0 && !r.GetDryRun() {
		return nil, errs.New(errs.InvalidState, "Something of this person is open: %s. Erase when it has ended.",
			strings.Join(res.GetObstacles()[:min(len(res.GetObstacles()), maxNamed)], ", "))
	}
	if res.Counts, err = s.erase(ctx, tx, params); err != nil || r.GetDryRun() {
		return res, err
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("erase a person: %w", err)
	}
	s.log.InfoContext(ctx, "a person's data was erased", "tables", len(res.GetCounts()))
	return res, nil
}

func (s *Server) obstacles(ctx context.Context, tx pgx.Tx, params pgx.NamedArgs) (all []string, err error) {
	for _, statement := range s.room.Obstacles {
		rows, err := tx.Query(ctx, statement, params)
		if err != nil {
			return nil, fmt.Errorf("look for what is open: %w", err)
		}
		open, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("look for what is open: %w", err)
		}
		all = append(all, open...)
	}
	return all, nil
}

func (s *Server) erase(ctx context.Context, tx pgx.Tx, params pgx.NamedArgs) (counts []*privacyv1.Count, err error) {
	for _, h := range s.room.Holdings { // before anything changes: a table may be found by another
		if h.Find == "" {
			continue
		}
		c := &privacyv1.Count{Table: h.Table, Duty: h.Duty}
		if c.Found, err = count(ctx, tx, h, params); err != nil {
			return nil, err
		}
		counts = append(counts, c)
	}
	n := 0
	for _, h := range s.room.Holdings {
		if h.Find == "" {
			continue
		}
		for _, statement := range h.Erase {
			tag, err := tx.Exec(ctx, statement, params)
			if err != nil {
				return nil, fmt.Errorf("erase a person from %s: %w", h.Table, err)
			}
			counts[n].Erased += tag.RowsAffected()
		}
		if counts[n].Stay, err = count(ctx, tx, h, params); err != nil {
			return nil, err
		}
		n++
	}
	if _, err := tx.Exec(ctx, `set constraints all immediate`); err != nil { // a dry run never commits, and must see this too
		return nil, fmt.Errorf("erase a person: %w", err)
	}
	return counts, nil
}

// count returns how many rows Find finds.
func count(ctx context.Context, tx pgx.Tx, h Holding, params pgx.NamedArgs) (n int64, err error) {
	if err := tx.QueryRow(ctx, `select count(*) from (`+h.Find+`) found`, params).Scan(&n); err != nil {
		return 0, fmt.Errorf("count a person's rows of %s: %w", h.Table, err)
	}
	return n, nil
}
