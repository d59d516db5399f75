package hours

import (
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Limits of a schedule, which is read with each order.
const (
	maxServices   = 20
	maxWindows    = 21
	maxExceptions = 366
	maxChosen     = 200
	maxName       = 100
	maxLastOrder  = 4 * 60
	maxCapacity   = 1000
	maxPrepare    = 4 * 60
	maxAhead      = 30
	maxPause      = 12 * 60
)

var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// lengths are those that slots may have: they divide an hour.
var lengths = []int32{0, 5, 10, 15, 20, 30, 60}

func isID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

// ReadWeekly validates a window, which may be absent.
func ReadWeekly(bad *refuse.Problems, field string, w *qrv1.WeeklyWindow) *Weekly {
	if w == nil {
		return nil
	}
	for i, day := range w.GetWeekdays() {
		at := refuse.At(field+".weekdays", i)
		bad.If(!slices.Contains(weekdays, day), at, "must be one of mon, tue, wed, thu, fri, sat, sun")
		bad.If(slices.Contains(w.GetWeekdays()[:i], day), at, "is given more than once")
	}
	bad.If((w.GetFrom() == "") != (w.GetUntil() == ""), field+".from", "and until must be given together")
	checkClock(bad, field+".from", w.GetFrom(), true)
	checkClock(bad, field+".until", w.GetUntil(), true)
	return &Weekly{Weekdays: w.GetWeekdays(), From: w.GetFrom(), Until: w.GetUntil()}
}

func checkClock(bad *refuse.Problems, field, text string, optional bool) {
	bad.If((text != "" || !optional) && !clock.MatchString(text), field, "must be a time in Paris such as 11:30")
}

func readSchedule(services []*qrv1.MealService, exceptions []*qrv1.DayException) (Schedule, error) {
	var s Schedule
	var bad refuse.Problems
	bad.If(len(services) > maxServices, "services", "must have at most %d entries", maxServices)
	bad.If(len(exceptions) > maxExceptions, "exceptions", "must have at most %d entries", maxExceptions)
	if len(bad) > 0 {
		return s, bad.Err()
	}
	for i, in := range services {
		v := readService(&bad, refuse.At("services", i), in)
		bad.If(s.named(v.Name) != nil, refuse.At("services", i)+".name", "is given more than once")
		s.Services = append(s.Services, v)
	}
	for i, in := range exceptions {
		at := refuse.At("exceptions", i)
		bad.If(slices.ContainsFunc(s.Exceptions, func(e Exception) bool { return e.Date == in.GetDate() }), at+".date", "is given more than once")
		s.Exceptions = append(s.Exceptions, s.readException(&bad, at, in))
	}
	return s, bad.Err()
}

func readService(bad *refuse.Problems, at string, in *qrv1.MealService) Service {
	name, ok := plaintext.Line(in.GetName(), maxName)
	bad.If(!ok, at+".name", "must have at most %d characters", maxName)
	bad.If(ok && name == "", at+".name", "is required")
	bad.If(len(in.GetWindows()) < 1 || len(in.GetWindows()) > maxWindows, at+".windows", "must have 1 to %d entries", maxWindows)
	bad.If(in.GetLastOrderMinutes() < 0 || in.GetLastOrderMinutes() > maxLastOrder, at+".last_order_minutes", "must be from 0 to %d", maxLastOrder)
	ReadChosen(bad, at+".", in.GetProducts(), in.GetCategories())
	s := Service{Name: name, LastOrderMinutes: int(in.GetLastOrderMinutes()), Products: in.GetProducts(), Categories: in.GetCategories()}
	for i, w := range in.GetWindows() {
		if v := ReadWeekly(bad, refuse.At(at+".windows", i), w); v != nil && i < maxWindows {
			s.Windows = append(s.Windows, *v)
		}
	}
	return s
}

// ReadChosen validates a choice of products and categories. Products that are gone choose nothing.
func ReadChosen(bad *refuse.Problems, prefix string, products, categories []string) {
	bad.If(len(products) > maxChosen, prefix+"products", "must have at most %d entries", maxChosen)
	bad.If(len(categories) > maxChosen, prefix+"categories", "must have at most %d entries", maxChosen)
	for i, id := range products {
		bad.If(!isID(id), refuse.At(prefix+"products", i), "must be the id of a product")
	}
	for i, text := range categories {
		name, ok := plaintext.Line(text, maxName)
		bad.If(!ok || name == "" || name != text, refuse.At(prefix+"categories", i), "must be a category of 1 to %d characters", maxName)
	}
}

func (s Schedule) readException(bad *refuse.Problems, at string, in *qrv1.DayException) Exception {
	_, err := time.Parse(time.DateOnly, in.GetDate())
	bad.If(err != nil, at+".date", "must be a date such as 2026-12-25")
	bad.If(len(in.GetWindows()) > maxWindows, at+".windows", "must have at most %d entries", maxWindows)
	e := Exception{Date: in.GetDate()}
	for i, w := range in.GetWindows() {
		field := refuse.At(at+".windows", i)
		bad.If(w.GetService() != "" && s.named(w.GetService()) == nil, field+".service", "must be the name of one of the services")
		checkClock(bad, field+".from", w.GetFrom(), false)
		checkClock(bad, field+".until", w.GetUntil(), false)
		e.Windows = append(e.Windows, DayWindow{Service: w.GetService(), From: w.GetFrom(), Until: w.GetUntil()})
	}
	return e
}

func readPickup(in *qrv1.Pickup) (Pickup, error) {
	var bad refuse.Problems
	bad.If(!slices.Contains(lengths, in.GetSlotMinutes()), "slot_minutes", "must be 5, 10, 15, 20, 30 or 60, or 0 for no slots")
	bad.If(in.GetSlotCapacity() < 0 || in.GetSlotCapacity() > maxCapacity, "slot_capacity", "must be from 0 (any number of orders) to %d", maxCapacity)
	bad.If(in.GetPreparationMinutes() < 0 || in.GetPreparationMinutes() > maxPrepare, "preparation_minutes", "must be from 0 to %d", maxPrepare)
	bad.If(in.GetDaysAhead() < 0 || in.GetDaysAhead() > maxAhead, "days_ahead", "must be from 0 (today alone) to %d", maxAhead)
	return Pickup{
		SlotMinutes: int(in.GetSlotMinutes()), SlotCapacity: int(in.GetSlotCapacity()), PreparationMinutes: int(in.GetPreparationMinutes()),
		DaysAhead: int(in.GetDaysAhead()),
	}, bad.Err()
}

// readKind says of which kinds of orders is spoken.
func readKind(bad *refuse.Problems, kind string) (dineIn, takeaway bool) {
	bad.If(kind != "all" && kind != "dine_in" && kind != "takeaway", "kind", "must be all, dine_in or takeaway")
	return kind != "takeaway", kind != "dine_in"
}
