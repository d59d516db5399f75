package tableapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const offerNoun = "Offer"

// offers are the endpoints of one kind: on products, or on whole orders.
type offers struct {
	*API
	onProduct bool
}

type offerJSON struct {
	ID        string `json:"id"`
	ProductID string `json:"product_id,omitempty"`
	Name      string `json:"name"`
	Type      string `json:"type"`
	// Value is in percent or euros; hundredths of either are what the service keeps.
	Value     money.Cents  `json:"value"`
	MinOrder  *money.Cents `json:"min_order,omitempty"`
	StartsAt  *string      `json:"starts_at"`
	EndsAt    *string      `json:"ends_at"`
	CreatedAt string       `json:"created_at"`
	UpdatedAt string       `json:"updated_at"`
	// Schedule is when it counts in each week, besides.
	Schedule *scheduleJSON `json:"schedule,omitempty"`
}

func offerView(o *qrv1.Offer) offerJSON {
	v := offerJSON{
		ID: o.GetId(), ProductID: o.GetProductId(), Name: o.GetName(), Type: o.GetType(), Value: money.Cents(o.GetValue()), StartsAt: web.OptionalStamp(o.GetStartsAt()),
		EndsAt: web.OptionalStamp(o.GetEndsAt()), CreatedAt: web.Time(o.GetCreatedAt().AsTime()), UpdatedAt: web.Time(o.GetUpdatedAt().AsTime()),
		Schedule: scheduleView(o.GetSchedule()),
	}
	if o.GetProductId() == "" {
		least := money.Cents(o.GetMinOrderCents())
		v.MinOrder = &least
	}
	return v
}

// read takes an offer from the body, which has all of it also in an update.
func (o offers) read(c echo.Context) (*qrv1.Offer, error) {
	if o.onProduct {
		var in struct {
			ProductID string        `json:"product_id"`
			Name      string        `json:"name"`
			Type      string        `json:"type"`
			Value     web.Amount    `json:"value"`
			StartsAt  *string       `json:"starts_at"`
			EndsAt    *string       `json:"ends_at"`
			Schedule  *scheduleJSON `json:"schedule"`
		}
		if err := web.Decode(c, &in); err != nil {
			return nil, err
		}
		offer := &qrv1.Offer{ProductId: in.ProductID, Name: in.Name, Type: in.Type, Schedule: in.Schedule.window()}
		return offer, complete(offer, in.Value, in.StartsAt, in.EndsAt)
	}
	var in struct {
		Name     string        `json:"name"`
		Type     string        `json:"type"`
		Value    web.Amount    `json:"value"`
		MinOrder web.Amount    `json:"min_order"`
		StartsAt *string       `json:"starts_at"`
		EndsAt   *string       `json:"ends_at"`
		Schedule *scheduleJSON `json:"schedule"`
	}
	if err := web.Decode(c, &in); err != nil {
		return nil, err
	}
	offer := &qrv1.Offer{Name: in.Name, Type: in.Type, MinOrderCents: int64(in.MinOrder.Cents()), Schedule: in.Schedule.window()}
	return offer, complete(offer, in.Value, in.StartsAt, in.EndsAt)
}

func complete(offer *qrv1.Offer, value web.Amount, startsAt, endsAt *string) error {
	var bad refuse.Problems
	bad.If(!value.Given(), "value", "is required")
	offer.Value = int64(value.Cents())
	read := func(field string, text *string, into **timestamppb.Timestamp) {
		if text == nil || *text == "" {
			return
		}
		at, err := instant(field, *text)
		bad.Join(err)
		*into = at
	}
	read("starts_at", startsAt, &offer.StartsAt)
	read("ends_at", endsAt, &offer.EndsAt)
	return bad.Err()
}

func (o offers) list(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := o.Tables.ListOffers(ctx, &qrv1.ListOffersRequest{
		MerchantId: caller.Of(c).MerchantID(), OnProduct: o.onProduct, Page: int32(number), Limit: int32(limit),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetOffers(), offerView, number, limit, res.GetTotal()))
}

func (o offers) create(c echo.Context) error {
	offer, err := o.read(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := o.Tables.CreateOffer(ctx, &qrv1.CreateOfferRequest{MerchantId: caller.Of(c).MerchantID(), OnProduct: o.onProduct, Offer: offer})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, offerView(res.GetOffer()))
}

func (o offers) get(c echo.Context) error {
	id, err := web.PathID(c, "id", offerNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := o.Tables.GetOffer(ctx, &qrv1.GetOfferRequest{MerchantId: caller.Of(c).MerchantID(), OnProduct: o.onProduct, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, offerView(res.GetOffer()))
}

func (o offers) update(c echo.Context) error {
	id, err := web.PathID(c, "id", offerNoun)
	if err != nil {
		return err
	}
	offer, err := o.read(c)
	if err != nil {
		return err
	}
	offer.Id = id
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := o.Tables.UpdateOffer(ctx, &qrv1.UpdateOfferRequest{MerchantId: caller.Of(c).MerchantID(), OnProduct: o.onProduct, Offer: offer})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, offerView(res.GetOffer()))
}

func (o offers) delete(c echo.Context) error {
	id, err := web.PathID(c, "id", offerNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	_, err = o.Tables.DeleteOffer(ctx, &qrv1.DeleteOfferRequest{MerchantId: caller.Of(c).MerchantID(), OnProduct: o.onProduct, Id: id})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
