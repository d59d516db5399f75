// Package hoursapi is when a merchant takes orders: hours and exceptions, pauses, and the slots in which takeaway orders are fetched. Answers are
// bare objects.
package hoursapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	callTimeout = 5 * time.Second
	// bodyLimit has room for a year of exceptions, and for the products of each service.
	bodyLimit = 256 << 10
	// slotsPerMinute bounds how often the slots of one table are asked for, and listsPerMinute those that one address asks for: the guests of a
	// room share it.
	slotsPerMinute, listsPerMinute = 60, 1200
)

// Deps are what New needs.
type Deps struct {
	Hours   qrv1.HoursServiceClient
	Access  *caller.Access
	Limiter ratelimit.Limiter
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read := a.Access.Login(caller.Team...)
	write := a.Access.Login(caller.Staff...)
	g.GET("/table-order/hours", a.hours, read)
	g.PUT("/table-order/hours", a.setHours, write)
	g.PUT("/table-order/pickup", a.setPickup, write)
	g.POST("/table-order/orders/pause", a.pause, write)
	g.POST("/table-order/orders/resume", a.resume, write)
	g.GET("/table-order/menu/:merchantId/:token/slots", a.slots, web.PerIP(a.Limiter, "slots", listsPerMinute))
}

type window struct {
	Weekdays []string `json:"weekdays"`
	From     string   `json:"from"`
	Until    string   `json:"until"`
}

type service struct {
	Name       string   `json:"name"`
	Windows    []window `json:"windows"`
	LastOrder  int32    `json:"last_order_minutes"`
	Products   []string `json:"products"`
	Categories []string `json:"categories"`
}

type dayWindow struct {
	Service string `json:"service"`
	From    string `json:"from"`
	Until   string `json:"until"`
}

type exception struct {
	Date    string      `json:"date"`
	Windows []dayWindow `json:"windows"`
}

type pickup struct {
	SlotMinutes int32 `json:"slot_minutes"`
	Capacity    int32 `json:"slot_capacity"`
	Preparation int32 `json:"preparation_minutes"`
	DaysAhead   int32 `json:"days_ahead"`
}

type paused struct {
	DineIn   *string `json:"dine_in"`
	Takeaway *string `json:"takeaway"`
}

type hoursJSON struct {
	Services   []service   `json:"services"`
	Exceptions []exception `json:"exceptions"`
	Pickup     pickup      `json:"pickup"`
	// Paused is until when orders are refused.
	Paused   paused `json:"paused_until"`
	Timezone string `json:"timezone"`
}

// timezone of all clock times.
const timezone = "Europe/Paris"

func view(h *qrv1.Hours) hoursJSON {
	p := h.GetPickup()
	v := hoursJSON{
		Services: []service{}, Exceptions: []exception{}, Timezone: timezone,
		Pickup: pickup{p.GetSlotMinutes(), p.GetSlotCapacity(), p.GetPreparationMinutes(), p.GetDaysAhead()},
		Paused: paused{web.OptionalStamp(h.GetDineInPausedUntil()), web.OptionalStamp(h.GetTakeawayPausedUntil())},
	}
	for _, in := range h.GetServices() {
		s := service{
			Name: in.GetName(), Windows: []window{}, LastOrder: in.GetLastOrderMinutes(), Products: filled(in.GetProducts()), Categories: filled(in.GetCategories()),
		}
		for _, w := range in.GetWindows() {
			s.Windows = append(s.Windows, window{filled(w.GetWeekdays()), w.GetFrom(), w.GetUntil()})
		}
		v.Services = append(v.Services, s)
	}
	for _, in := range h.GetExceptions() {
		e := exception{Date: in.GetDate(), Windows: []dayWindow{}}
		for _, w := range in.GetWindows() {
			e.Windows = append(e.Windows, dayWindow{w.GetService(), w.GetFrom(), w.GetUntil()})
		}
		v.Exceptions = append(v.Exceptions, e)
	}
	return v
}

// filled is [] rather than null.
func filled(list []string) []string { return append([]string{}, list...) }

func (a *API) hours(c echo.Context) error {
	res, err := web.Call(c, callTimeout, a.Hours.GetHours, &qrv1.GetHoursRequest{MerchantId: caller.Of(c).MerchantID()})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetHours()))
}

func (a *API) setHours(c echo.Context) error {
	var in struct {
		Services   []service   `json:"services"`
		Exceptions []exception `json:"exceptions"`
	}
	if err := web.DecodeUpTo(c, &in, bodyLimit); err != nil {
		return err
	}
	req := &qrv1.SetHoursRequest{MerchantId: caller.Of(c).MerchantID()}
	for _, s := range in.Services {
		m := &qrv1.MealService{Name: s.Name, LastOrderMinutes: s.LastOrder, Products: s.Products, Categories: s.Categories}
		for _, w := range s.Windows {
			m.Windows = append(m.Windows, &qrv1.WeeklyWindow{Weekdays: w.Weekdays, From: w.From, Until: w.Until})
		}
		req.Services = append(req.Services, m)
	}
	for _, e := range in.Exceptions {
		d := &qrv1.DayException{Date: e.Date}
		for _, w := range e.Windows {
			d.Windows = append(d.Windows, &qrv1.DayWindow{Service: w.Service, From: w.From, Until: w.Until})
		}
		req.Exceptions = append(req.Exceptions, d)
	}
	res, err := web.Call(c, callTimeout, a.Hours.SetHours, req)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetHours()))
}

func (a *API) setPickup(c echo.Context) error {
	var in pickup
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Hours.SetPickup, &qrv1.SetPickupRequest{MerchantId: caller.Of(c).MerchantID(), Pickup: &qrv1.Pickup{
		SlotMinutes: in.SlotMinutes, SlotCapacity: in.Capacity, PreparationMinutes: in.Preparation, DaysAhead: in.DaysAhead,
	}})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetHours()))
}

// all is of both kinds of orders, which is meant where none is named.
const all = "all"

func (a *API) pause(c echo.Context) error {
	in := struct {
		Minutes int32  `json:"minutes"`
		Kind    string `json:"kind"`
	}{Kind: all}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Hours.PauseOrders, &qrv1.PauseOrdersRequest{
		MerchantId: caller.Of(c).MerchantID(), Minutes: in.Minutes, Kind: in.Kind,
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetHours()))
}

func (a *API) resume(c echo.Context) error {
	in := struct {
		Kind string `json:"kind"`
	}{Kind: all}
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Hours.ResumeOrders, &qrv1.ResumeOrdersRequest{MerchantId: caller.Of(c).MerchantID(), Kind: in.Kind})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetHours()))
}

type slotJSON struct {
	StartsAt string `json:"starts_at"`
}

// slots shows guests when they can fetch an order.
func (a *API) slots(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderAccessControlAllowOrigin, "*")
	merchantID, err := web.PathID(c, "merchantId", "Table")
	if err != nil {
		return err
	}
	token, err := web.PathID(c, "token", "Table")
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(token)) // the code stays out of the store of the limits
	if err := web.Limited(c, a.Limiter, "slots:"+merchantID+":"+hex.EncodeToString(sum[:16]), slotsPerMinute); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Hours.ListSlots, &qrv1.ListSlotsRequest{MerchantId: merchantID, Token: token, Date: c.QueryParam("date")})
	if err != nil {
		return err
	}
	body := struct {
		Data        []slotJSON `json:"data"`
		SlotMinutes int32      `json:"slot_minutes"`
		// Earliest is when an order for as soon as possible would be ready.
		Earliest string `json:"earliest"`
	}{make([]slotJSON, len(res.GetStartsAt())), res.GetSlotMinutes(), web.Stamp(res.GetEarliest())}
	for i, at := range res.GetStartsAt() {
		body.Data[i] = slotJSON{web.Stamp(at)}
	}
	return web.Answer(c, http.StatusOK, body)
}
