package kitchen

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/plaintext"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// The forms in which a ticket can be had, the best first. Both commands of Star are the same ones; text alone is for printers that know neither.
const (
	starPRNT = "application/vnd.star.starprnt"
	starLine = "application/vnd.star.line"
	textOnly = "text/plain"
)

var mediaTypes = []string{starPRNT, starLine, textOnly}

const (
	maxCode = 100
	maxMAC  = 17
)

var mac = regexp.MustCompile(`^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$`)

// PollPrinter implements KitchenService.
func (s *Server) PollPrinter(ctx context.Context, r *qrv1.PollPrinterRequest) (*qrv1.PollPrinterResponse, error) {
	p, err := printerBehind(ctx, s.pool, r.GetToken())
	if err != nil {
		return nil, err
	}
	p.StatusCode = readCode(r.GetStatusCode())
	if m := r.GetMac(); len(m) == maxMAC && mac.MatchString(m) {
		p.MAC = strings.ToLower(m)
	}
	if err := hear(ctx, s.pool, p, s.now()); err != nil {
		return nil, err
	}
	if r.GetPrinting() {
		return &qrv1.PollPrinterResponse{}, nil
	}
	j, err := nextJob(ctx, s.pool, p.ID, s.now())
	if err != nil || j == nil {
		return &qrv1.PollPrinterResponse{}, err
	}
	return &qrv1.PollPrinterResponse{JobId: j.ID, MediaTypes: mediaTypes}, nil
}

// readCode cleans what a printer says of itself.
func readCode(text string) string {
	line, ok := plaintext.Line(text, maxCode)
	if !ok {
		return "unreadable"
	}
	return line
}

// FetchTicket implements KitchenService. A ticket that was handed over before is marked as a copy: nobody knows whether it was printed.
func (s *Server) FetchTicket(ctx context.Context, r *qrv1.FetchTicketRequest) (*qrv1.FetchTicketResponse, error) {
	p, err := printerBehind(ctx, s.pool, r.GetToken())
	if err != nil {
		return nil, err
	}
	as := strings.ToLower(strings.TrimSpace(strings.SplitN(r.GetMediaType(), ";", 2)[0]))
	if as == "" {
		as = textOnly
	}
	if !slices.Contains(mediaTypes, as) {
		return nil, errs.New(errs.UnsupportedMedia, "A ticket can be had as %s.", strings.Join(mediaTypes, ", "))
	}
	var content []byte
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		j, err := lockJob(ctx, tx, p.ID, r.GetJobId(), s.now())
		switch {
		case err != nil:
			return err
		case j == nil:
			return errs.NotFound(jobNoun)
		}
		t, err := readTicket(ctx, tx, j)
		if err != nil {
			return err
		}
		content = p.render(t, j, s.now()).in(as, r.GetUtf8())
		return handOver(ctx, tx, j, s.now())
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.FetchTicketResponse{Content: content, MediaType: as}, nil
}

// ConfirmTicket implements KitchenService. A printer may confirm twice, or what it was not asked for: that changes nothing.
func (s *Server) ConfirmTicket(ctx context.Context, r *qrv1.ConfirmTicketRequest) (*qrv1.ConfirmTicketResponse, error) {
	p, err := printerBehind(ctx, s.pool, r.GetToken())
	if err != nil {
		return nil, err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		j, err := lockSent(ctx, tx, p.ID, r.GetJobId())
		if err != nil || j == nil {
			return err
		}
		code := readCode(r.GetCode())
		return settle(ctx, tx, j, j.after(code), problemOf(code), s.now())
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.ConfirmTicketResponse{}, nil
}

// after is the state of a ticket of which the printer says the code: printed, to be tried again, or given up after too many attempts.
func (j *job) after(code string) string {
	switch {
	case code != "" && isSuccess(code):
		return printed
	case j.Attempts >= maxAttempts:
		return failed
	default:
		return queued
	}
}

func problemOf(code string) string {
	if code != "" && isSuccess(code) {
		return ""
	}
	return code
}
