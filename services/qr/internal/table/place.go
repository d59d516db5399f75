package table

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// Limits of an order. The number of items is from the API reference.
const (
	maxItems    = 30
	maxQuantity = 99
	maxNotes    = 200
	// maxChosen is the maximum number of options of one item.
	maxChosen = 100
	// maxPaid is the maximum amount of one payment.
	maxPaid money.Cents = 10_000_00
)

// errReplay ends the transaction of an order that already exists.
var errReplay = errors.New("the order exists")

// PlaceOrder implements TableService. The request is validated before anything is looked up, so that the errors reveal nothing
// about the code.
func (s *Server) PlaceOrder(ctx context.Context, r *qrv1.PlaceOrderRequest) (*qrv1.PlaceOrderResponse, error) {
	o, err := s.readOrder(r)
	if err != nil {
		return nil, err
	}
	if !isID(r.GetMerchantId()) || !isToken(r.GetToken()) {
		return nil, errNoMenu
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return s.place(ctx, tx, o, r) })
	replayed := errors.Is(err, errReplay)
	if err != nil && !replayed {
		return nil, err
	}
	if !replayed {
		s.wake()
	}
	if err := s.askAtOnce(ctx, o, r); err != nil {
		return nil, err
	}
	return &qrv1.PlaceOrderResponse{
		Order: o.guestView(), Replayed: replayed, PaymentWanted: o.Status == AwaitingPayment, PageUrl: s.tableURL(o.Merchant, o.TableToken),
	}, nil
}

// askAtOnce gets the payment of an order that waits for it, while the guest does. An order whose payment is not there in time stays for the
// guest who can find it again.
func (s *Server) askAtOnce(ctx context.Context, o *order, r *qrv1.PlaceOrderRequest) error {
	if o.Status != AwaitingPayment || !r.GetPayable() {
		return nil // a merchant who may not be paid any more: the caller refuses
	}
	if s.now().Sub(o.CreatedAt) > payableFor {
		return errs.New(errs.InvalidState, "This order was not paid in time. Order again.")
	}
	if o.PaymentURL != "" {
		return nil
	}
	err := s.ask(ctx, o)
	if errs.Is(err, errs.Unavailable) && r.GetIdempotencyKey() == "" {
		record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
		defer cancel()
		return errors.Join(err, s.giveUp(record, o.ID))
	}
	return err
}

// readOrder decodes the guest's request.
func (s *Server) readOrder(r *qrv1.PlaceOrderRequest) (*order, error) {
	now := s.now()
	o := &order{
		// Fully random: whoever knows the id may read the order.
		ID: uuid.NewString(), Merchant: strings.ToLower(r.GetMerchantId()), Livemode: r.GetLivemode(), TableToken: r.GetToken(), Type: r.GetOrderType(),
		PayNow: r.GetPayNow() || r.GetOrderType() == takeaway, HoldsStock: true, Sequence: 1, CreatedAt: now, UpdatedAt: now,
	}
	var bad problems
	if o.Type != dineIn && o.Type != takeaway {
		bad.add("orderType", "must be dine_in or takeaway")
	}
	o.CustomerName = bad.text("customerName", r.GetCustomerName(), maxName)
	o.Notes = bad.text("notes", r.GetNotes(), maxNotes)
	items := r.GetItems()
	if len(items) < 1 || len(items) > maxItems {
		bad.add("items", "must have 1 to %d items", maxItems)
		items = nil
	}
	for i, item := range items {
		field := fmt.Sprintf("items[%d]", i)
		if item.GetQuantity() < 1 || item.GetQuantity() > maxQuantity {
			bad.add(field+".quantity", "must be from 1 to %d", maxQuantity)
		}
		if len(item.GetOptionIds()) > maxChosen {
			bad.add(field+".options", "must have at most %d options", maxChosen)
		}
		o.Lines = append(o.Lines, line{
			ProductID: strings.ToLower(item.GetProductId()), Quantity: item.GetQuantity(), Notes: bad.text(field+".notes", item.GetNotes(), maxNotes),
			wanted: item.GetOptionIds(), Parts: bad.parts(field, item.GetParts()), VariantID: strings.ToLower(item.GetVariantId()), kitchen: readCourse(&bad, field, item),
		})
	}
	o.fingerprint = fingerprint(r)
	return o, bad.err()
}

// fingerprint identifies the content of the request.
func fingerprint(r *qrv1.PlaceOrderRequest) []byte {
	request := &qrv1.PlaceOrderRequest{
		Items: r.GetItems(), OrderType: r.GetOrderType(), PayNow: r.GetPayNow(), CustomerName: r.GetCustomerName(), Notes: r.GetNotes(),
		PickupAt: r.GetPickupAt(), PromotionCode: r.GetPromotionCode(),
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil { // only for invalid UTF-8, which no request over gRPC has
		return nil
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// place completes and records the order, or returns the existing one of its key.
func (s *Server) place(ctx context.Context, tx pgx.Tx, o *order, r *qrv1.PlaceOrderRequest) error {
	t, err := tableBehind(ctx, tx, o.Merchant, o.TableToken)
	if err != nil {
		return err
	}
	o.TableID, o.TableName, o.PaymentReference = t.ID, t.Name, ""
	// From here on the orders of one merchant are serialised.
	if o.Number, err = nextNumber(ctx, tx, o.Merchant); err != nil {
		return err
	}
	if key := r.GetIdempotencyKey(); key != "" {
		if err := s.replay(ctx, tx, o, key); err != nil {
			return err
		}
	}
	if err := s.checkTableLimit(ctx, tx, t, o); err != nil {
		return err
	}
	if err := s.joinBill(ctx, tx, o); err != nil {
		return err
	}
	if err := o.admit(ctx, tx, r); err != nil {
		return err
	}
	if err := s.reserve(ctx, tx, o); err != nil {
		return err
	}
	if err := o.choose(ctx, tx); err != nil {
		return err
	}
	if err := checkShare(ctx, tx, t, o); err != nil {
		return err
	}
	if err := o.takePlace(ctx, tx); err != nil {
		return err
	}
	offers, err := o.offers(ctx, tx, r)
	if err != nil {
		return err
	}
	o.Totals = price(o.Lines, offers, o.CreatedAt)
	if err := o.useCode(ctx, tx); err != nil {
		return err
	}
	if err := checkExpectedTotal(r, o.Totals.Total); err != nil {
		return err
	}
	if err := o.decidePayment(r.GetPayable()); err != nil {
		return err
	}
	if o.Status == AwaitingPayment {
		// The guest's request asks first; whoever finds the order later does when that died.
		lease := o.CreatedAt.Add(taskLease)
		o.PaymentReference, o.askDueAt, o.askAttempts = cmp.Or(r.GetPaymentReference(), reference.Payment(o.CreatedAt)), &lease, 1
		o.merchantVersion = r.GetMerchantVersion()
	}
	if err := insertOrder(ctx, tx, o, r.GetIdempotencyKey()); err != nil {
		return err
	}
	if err := placeInKitchen(ctx, tx, o); err != nil {
		return err
	}
	if err := recordTerms(ctx, tx, o); err != nil {
		return err
	}
	if err := s.bills.Announce(ctx, tx, o.BillID); err != nil {
		return err
	}
	if err := record(ctx, tx, o, "", byGuest, ""); err != nil {
		return err
	}
	o.noteReceived()
	return s.write(ctx, tx, o)
}

// replay returns errReplay with the existing order of the key, if there is one.
func (s *Server) replay(ctx context.Context, tx pgx.Tx, o *order, key string) error {
	known, err := orderByKey(ctx, tx, o.TableID, key, o.CreatedAt.Add(-keyLife))
	if err != nil || known == nil {
		return err
	}
	if !slices.Equal(known.fingerprint, o.fingerprint) {
		return errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
	}
	*o = *known
	return errReplay
}

// decidePayment decides whether the order must be paid first. A free order need not be paid.
func (o *order) decidePayment(payable bool) error {
	o.Status = Received
	if !o.PayNow || o.Totals.Total == 0 {
		return nil
	}
	o.Status = AwaitingPayment
	if !payable {
		return errs.New(errs.MerchantNotEnabled, "This merchant takes no payments here. Order at the table, or pay at the counter.")
	}
	if o.Totals.Total > maxPaid {
		return errs.Invalid(errs.Field{Field: "items", Message: "items must cost at most 10000.00 in total to be paid here."})
	}
	return nil
}

// choose adds the chosen options to the lines. Groups are read after the products are locked; a change of the menu since the guest saw it is
// found by the expected total, or here.
func (o *order) choose(ctx context.Context, tx pgx.Tx) error {
	products := o.products()
	groups, of, err := catalog.MenuGroups(ctx, tx, o.Merchant, products)
	if err != nil {
		return err
	}
	menus, err := catalog.Parts(ctx, tx, products)
	if err != nil {
		return err
	}
	var bad problems
	choose := func(product string, wanted []string, field string) []catalog.Chosen {
		var own []catalog.OptionGroup
		for _, id := range of[product] {
			own = append(own, groups[id])
		}
		chosen, err := catalog.Choose(own, wanted, field)
		if err != nil {
			bad = append(bad, errs.From(err).Fields...)
		}
		return chosen
	}
	for i := range o.Lines {
		l, field := &o.Lines[i], fmt.Sprintf("items[%d].", i)
		bad.compose(l, menus[l.ProductID], field)
		for j := range l.Parts {
			p := &l.Parts[j]
			p.Options = choose(p.ProductID, p.wanted, fmt.Sprintf("%sparts[%d].options", field, j))
		}
		l.Options = choose(l.ProductID, l.wanted, field+"options")
		l.Unit += l.extra()
	}
	return bad.err()
}

// reserve takes the goods from the stock. Unavailable items are identified by their position, without the reason.
func (s *Server) reserve(ctx context.Context, tx pgx.Tx, o *order) error {
	wanted := o.pieces()
	missing := make(map[string]bool)
	for _, q := range wanted {
		missing[q.Key()] = unknown(q)
	}
	products, short, err := catalog.Reserve(ctx, tx, o.Merchant, slices.DeleteFunc(wanted, func(q catalog.Quantity) bool { return missing[q.Key()] }), s.sold(o))
	if err != nil {
		return fmt.Errorf("reserve order: %w", err)
	}
	for _, id := range short {
		missing[id] = true
	}
	var bad problems
	for i := range o.Lines {
		l := &o.Lines[i]
		if missing[l.piece().Key()] {
			bad.unavailable(i, l, products)
			continue
		}
		p := products[l.piece().Key()]
		l.describe(p, o.Type == takeaway)
		if !o.terms.admitted.Sells(p.ID, p.Category) {
			bad.add(fmt.Sprintf("items[%d].productId", i), "is not sold at this time")
		}
		bad.take(o, l, products, missing, fmt.Sprintf("items[%d].", i))
	}
	return bad.err()
}
