package push

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

// invoiceStep is an event of an invoice that reached a step of its life cycle.
func (f *fixture) invoiceStep(code int32, change ...func(*einvoicev1.Invoice)) events.Event {
	f.t.Helper()
	v := &einvoicev1.Invoice{
		Id: "0197f2a0-0000-7000-8000-000000000001", MerchantId: "m_1", Number: "INV-2026-AB12CD-000001", TotalCents: 123_450, Currency: "EUR",
		Customer: &einvoicev1.Party{Name: "Durand"},
	}
	for _, apply := range change {
		apply(v)
	}
	data, err := proto.Marshal(&eventsv1.InvoiceChanged{
		Invoice: v, OccurredAt: timestamppb.New(f.clock.Now()), Step: &einvoicev1.LifecycleEvent{Code: code, Reason: "Not ordered by Durand"},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{ID: events.NewID(), Type: "invoice.status_updated", Source: "einvoice", Merchant: "m_1", Time: f.clock.Now(), Data: data}
}

// endpointEvent is an event of an endpoint whose URL holds a secret.
func (f *fixture) endpointEvent(eventType string) events.Event {
	f.t.Helper()
	data, err := proto.Marshal(&eventsv1.WebhookEndpointChanged{
		EndpointId: "e_1", MerchantId: "m_1", Url: "https://shop.example/hook/secret", Reason: "timeout", OccurredAt: timestamppb.New(f.clock.Now()),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{ID: events.NewID(), Type: eventType, Source: "webhooks", Merchant: "m_1", Time: f.clock.Now(), Data: data}
}

// orderEvent is an event of an order for the kitchen.
func (f *fixture) orderEvent() events.Event {
	f.t.Helper()
	data, err := proto.Marshal(&eventsv1.OrderChanged{
		OrderId: "o_1", MerchantId: "m_1", Number: 12, TableName: "Table 4", Status: "received", TotalCents: 700, Currency: "EUR", OccurredAt: timestamppb.New(f.clock.Now()),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{ID: events.NewID(), Type: orderReceived, Source: "qr", Merchant: "m_1", Time: f.clock.Now(), Data: data}
}

// everything is an event of each kind that is pushed, in the order of kinds; an endpoint has two, an invoice two.
func (f *fixture) everything() []consume.Event {
	var list []consume.Event
	for _, e := range []events.Event{
		f.event(paymentCompleted, payment()), f.event(paymentFailed, payment()), f.event(paymentRefunded, payment()),
		f.invoiceStep(210), f.invoiceStep(213), f.endpointEvent(endpointFailing), f.endpointEvent(endpointDisabled),
		f.orderEvent(),
	} {
		list = append(list, consume.Event{Event: e})
	}
	return list
}

// choosing subscribes a browser to kinds in a language.
func (f *fixture) choosing(b *browser, language string, chosen ...string) *webhooksv1.PushSubscription {
	f.t.Helper()
	r := request("m_1", "u_1", b)
	r.EventTypes, r.Language = chosen, language
	resp, err := f.Server.Subscribe(f.t.Context(), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetSubscription()
}

// told returns the types of the next messages, sorted, and their texts as "title | body".
func told(t *testing.T, b *browser, n int) (types, texts []string) {
	t.Helper()
	for range n {
		h := b.next(t)
		types = append(types, fmt.Sprint(h.payload["type"]))
		texts = append(texts, fmt.Sprintf("%s | %s", h.payload["title"], h.payload["body"]))
	}
	slices.Sort(types)
	slices.Sort(texts)
	return types, texts
}

func TestABrowserIsToldOnlyOfWhatItChose(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	want := map[string][]string{
		paymentCompleted: {paymentCompleted}, paymentFailed: {paymentFailed}, paymentRefunded: {paymentRefunded},
		invoiceRejected: {"invoice.status_updated", "invoice.status_updated"}, endpointFailing: {endpointDisabled, endpointFailing},
		orderReceived: {orderReceived},
	}
	browsers := map[string]*browser{}
	for _, kind := range kinds {
		browsers[kind] = newBrowser(t)
		if s := f.choosing(browsers[kind], "", kind); !slices.Equal(s.GetEventTypes(), []string{kind}) || s.GetLanguage() != "en" {
			t.Errorf("made %v", s)
		}
	}
	usual := newBrowser(t)
	if s := f.choosing(usual, ""); !slices.Equal(s.GetEventTypes(), usualKinds) {
		t.Errorf("made %v", s)
	}
	f.handle(f.everything()...)
	f.run()
	for kind, b := range browsers {
		if types, _ := told(t, b, len(want[kind])); !slices.Equal(types, want[kind]) {
			t.Errorf("%s: told of %v", kind, types)
		}
	}
	if types, _ := told(t, usual, 4); !slices.Equal(types, []string{paymentCompleted, paymentRefunded, endpointDisabled, endpointFailing}) {
		t.Errorf("by default: told of %v", types)
	}
	f.drained()
	usual.silent(t)
	for _, b := range browsers {
		b.silent(t)
	}
}

// A browser that subscribed before there was a choice has a row without one.
func TestAnOldSubscriptionIsToldWhatItWasInEnglish(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	f.smuggle(1, target{Endpoint: b.endpoint(), P256dh: b.p256dh(), Auth: b64.EncodeToString(b.auth)})
	s := f.subscriptions("m_1", "u_1")[0]
	if !slices.Equal(s.GetEventTypes(), usualKinds) || s.GetLanguage() != "en" {
		t.Errorf("it has %v", s)
	}
	f.handle(f.everything()...)
	f.run()
	if _, texts := told(t, b, 4); texts[0] != "Payment received | €9.99 · ORDER-1042" {
		t.Errorf("told %q", texts)
	}
	f.drained()
	b.silent(t)
}

func TestMessagesAreInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	want := map[*browser][]string{
		newBrowser(t): {
			"Invoice refused by the customer | €1,234.50 · INV-2026-AB12CD-000001", "Invoice rejected by the platform | €1,234.50 · INV-2026-AB12CD-000001",
			"New order | €7.00 · Table 4 · 12", "Payment failed | €9.99 · ORDER-1042", "Payment received | €9.99 · ORDER-1042", "Refund sent | €0.00 · ORDER-1042",
			"Webhook endpoint disabled | shop.example receives no events until you enable it again.",
			"Webhook endpoint failing | shop.example does not accept events (timeout).",
		},
		newBrowser(t): {
			"Facture refusée par le client | 1\u202f234,50\u00a0€ · INV-2026-AB12CD-000001", "Facture rejetée par la plateforme | 1\u202f234,50\u00a0€ · INV-2026-AB12CD-000001",
			"Nouvelle commande | 7,00\u00a0€ · Table 4 · 12", "Paiement reçu | 9,99\u00a0€ · ORDER-1042", "Paiement échoué | 9,99\u00a0€ · ORDER-1042",
			"Point de réception désactivé | shop.example ne reçoit plus d’événements tant que vous ne le réactivez pas.",
			"Remboursement envoyé | 0,00\u00a0€ · ORDER-1042", "Un point de réception échoue | shop.example n’accepte pas les événements (timeout).",
		},
	}
	for b, texts := range want {
		language := "en"
		if strings.HasPrefix(texts[0], "Facture") {
			language = "fr"
		}
		f.choosing(b, language, kinds...)
	}
	f.handle(f.everything()...)
	f.run()
	for b, texts := range want {
		if _, got := told(t, b, len(texts)); !slices.Equal(got, texts) {
			t.Errorf("got  %q\nwant %q", got, texts)
		}
	}
	f.drained()
}

func TestAnInvoiceIsNamedByItsNumberOnly(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	f.choosing(b, "en", invoiceRejected)
	f.handle(consume.Event{Event: f.invoiceStep(205)}, consume.Event{Event: f.invoiceStep(210)})
	f.run()
	want := `{"type":"invoice.status_updated","title":"Invoice refused by the customer","body":"€1,234.50 · INV-2026-AB12CD-000001",` +
		`"tag":"invoice-0197f2a0-0000-7000-8000-000000000001","reference":"INV-2026-AB12CD-000001","amount":1234.5,"currency":"EUR",` +
		`"url":"/portal/invoices/0197f2a0-0000-7000-8000-000000000001"}`
	if h := b.next(t); h.text != want {
		t.Errorf("got  %s\nwant %s", h.text, want)
	}
	f.drained()
	b.silent(t) // an approval is no refusal
	again := f.invoiceStep(213)
	change := &eventsv1.InvoiceChanged{}
	if err := proto.Unmarshal(again.Data, change); err != nil {
		t.Fatal(err)
	}
	change.Step.ReasonCode = "DOUBLON"
	var err error
	if again.Data, err = proto.Marshal(change); err != nil {
		t.Fatal(err)
	}
	if h, err := read(again, f.clock.Now()); err != nil || len(h) != 0 {
		t.Errorf("a second copy that was turned away is announced: %+v, %v", h, err)
	}
	foreign := f.invoiceStep(210, func(v *einvoicev1.Invoice) { v.MerchantId = "m_2" })
	if _, err := read(foreign, f.clock.Now()); err == nil {
		t.Error("an invoice of another merchant was read")
	}
}

func TestAPaymentThatFailedComesThroughTheBroker(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	f.choosing(b, "en", paymentFailed, invoiceRejected)
	f.publish(f.event(paymentFailed, payment()), f.invoiceStep(213))
	if types, _ := told(t, b, 2); !slices.Equal(types, []string{"invoice.status_updated", paymentFailed}) {
		t.Errorf("told of %v", types)
	}
	f.drained()
}

func TestTheChoiceIsChangedWithoutSubscribingAnew(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	b := newBrowser(t)
	id := f.subscribe("m_1", "u_1", b).GetId()
	change := func(r *webhooksv1.UpdateSubscriptionRequest) (*webhooksv1.PushSubscription, error) {
		resp, err := f.Server.UpdateSubscription(t.Context(), r)
		return resp.GetSubscription(), err
	}
	mine := func(language string, chosen ...string) *webhooksv1.UpdateSubscriptionRequest {
		return &webhooksv1.UpdateSubscriptionRequest{MerchantId: "m_1", UserId: "u_1", Id: id, EventTypes: chosen, Language: language}
	}
	is := func(s *webhooksv1.PushSubscription, language string, chosen ...string) bool {
		return s.GetId() == id && s.GetLanguage() == language && slices.Equal(s.GetEventTypes(), chosen)
	}
	if s, err := change(mine("", paymentRefunded, paymentFailed, paymentFailed)); err != nil || !is(s, "en", paymentFailed, paymentRefunded) {
		t.Errorf("kinds: %v, %v", s, err)
	}
	if s, err := change(mine("fr")); err != nil || !is(s, "fr", paymentFailed, paymentRefunded) {
		t.Errorf("language: %v, %v", s, err)
	}
	if again := f.subscribe("m_1", "u_1", b); !is(again, "fr", paymentFailed, paymentRefunded) {
		t.Errorf("the browser that renewed itself has %v", again)
	}
	for _, bad := range []*webhooksv1.UpdateSubscriptionRequest{mine("", "*"), mine("de")} {
		if _, err := change(bad); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	for _, foreign := range []*webhooksv1.UpdateSubscriptionRequest{
		{MerchantId: "m_2", UserId: "u_1", Id: id, Language: "en"},
		{MerchantId: "m_1", UserId: "u_2", Id: id, Language: "en"},
		{MerchantId: "m_1", UserId: "u_1", Id: "none", Language: "en"},
	} {
		if _, err := change(foreign); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%v: %v", foreign, err)
		}
	}
	if s := f.subscriptions("m_1", "u_1")[0]; !is(s, "fr", paymentFailed, paymentRefunded) {
		t.Errorf("in the end %v", s)
	}
	if f.try(id) != "sent" || b.next(t).payload["title"] != "Notification de test" {
		t.Error("the test message is not in French")
	}
}

func TestAllLanguagesHaveEveryPhrase(t *testing.T) {
	t.Parallel()
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	for _, language := range languages {
		for said, p := range phrases[language] {
			for _, other := range languages {
				q := phrases[other][said]
				if q.title == "" || q.body == "" || !slices.Equal(hole.FindAllString(p.body, -1), hole.FindAllString(q.body, -1)) {
					t.Errorf("%s: %q is %q, in %s %q", said, p, language, other, q)
				}
			}
		}
	}
	for _, said := range slices.Concat(kinds, []string{endpointDisabled, invoiceRefused, subscriptionTried}) {
		if phrases[english][said].title == "" {
			t.Errorf("nothing is said of %s", said)
		}
	}
}
