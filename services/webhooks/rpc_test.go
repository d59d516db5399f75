package webhooks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

func fields(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != errs.ValidationError {
		return fmt.Sprint(err)
	}
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Field)
	}
	return strings.Join(names, ",")
}

func TestAnEndpointIsValidated(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.stop()
	f.cfg.AllowLoopback = false
	f.start()
	for name, c := range map[string]struct {
		url   string
		live  bool
		types []string
		want  string
	}{
		"https":              {url: "https://shop.example.com/hook?x=1", live: true},
		"http in test mode":  {url: "http://shop.example.com:8080/hook"},
		"http in live mode":  {url: "http://shop.example.com/hook", live: true, want: "url"},
		"relative":           {url: "/hook", want: "url"},
		"no host":            {url: "https:///hook", want: "url"},
		"another scheme":     {url: "ftp://shop.example.com/", want: "url"},
		"empty":              {url: "", want: "url"},
		"user":               {url: "https://user:pw@shop.example.com/", want: "url"},
		"fragment":           {url: "https://shop.example.com/#a", want: "url"},
		"empty fragment":     {url: "https://shop.example.com/#", want: "url"},
		"spaces":             {url: "https://shop.example.com/a b", want: "url"},
		"line break":         {url: "https://shop.example.com/\r\nX: y", want: "url"},
		"too long":           {url: "https://shop.example.com/" + strings.Repeat("a", 2048), want: "url"},
		"longest":            {url: "https://shop.example.com/" + strings.Repeat("a", 2048-25)},
		"mail port":          {url: "https://shop.example.com:25/", want: "url"},
		"port too high":      {url: "https://shop.example.com:65536/", want: "url"},
		"empty port":         {url: "https://shop.example.com:/", want: "url"},
		"loopback":           {url: "https://127.0.0.1/", want: "url"},
		"localhost":          {url: "https://LOCALHOST./", want: "url"},
		"sub of localhost":   {url: "https://a.localhost/", want: "url"},
		"private":            {url: "https://10.1.2.3/", want: "url"},
		"metadata":           {url: "http://169.254.169.254/latest/meta-data", want: "url"},
		"IPv6 loopback":      {url: "https://[::1]/", want: "url"},
		"mapped":             {url: "https://[::ffff:10.0.0.1]/", want: "url"},
		"zone":               {url: "https://[fe80::1%25eth0]/", want: "url"},
		"decimal address":    {url: "https://2130706433/", want: "url"},
		"hex address":        {url: "https://0x7f000001/", want: "url"},
		"short address":      {url: "https://127.1/", want: "url"},
		"cluster name":       {url: "https://db.svc.cluster.local/", want: "url"},
		"public address":     {url: "https://93.184.216.34/"},
		"known types":        {url: "https://shop.example.com/", types: []string{"payment.cancelled", "refund.completed", "*"}},
		"unknown type":       {url: "https://shop.example.com/", types: []string{"payment.done"}, want: "event_types"},
		"a type twice":       {url: "https://shop.example.com/", types: []string{"*", "*"}, want: "event_types"},
		"two problems":       {url: "x", types: []string{""}, want: "url,event_types"},
		"loopback, old form": {url: "https://0177.0.0.1/", want: "url"},
	} {
		_, err := f.api.CreateEndpoint(t.Context(), &webhooksv1.CreateEndpointRequest{
			MerchantId: "m_" + uuid.NewString(), Livemode: c.live, Url: c.url, EventTypes: c.types,
		})
		if (c.want == "") != (err == nil) || (err != nil && fields(err) != c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	_, err := f.api.CreateEndpoint(t.Context(), &webhooksv1.CreateEndpointRequest{Url: "https://shop.example.com/"})
	if fields(err) != "merchant_id" {
		t.Errorf("without merchant: %v", err)
	}
	_, err = f.api.CreateEndpoint(t.Context(), &webhooksv1.CreateEndpointRequest{MerchantId: "m", Url: "https://shop.example.com/", Description: strings.Repeat("a", 501)})
	if fields(err) != "description" {
		t.Errorf("long description: %v", err)
	}
}

func TestAMerchantHasAtMost16EndpointsPerMode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	create := func(live bool) error {
		_, err := f.api.CreateEndpoint(context.Background(), &webhooksv1.CreateEndpointRequest{MerchantId: "m_1", Livemode: live, Url: "https://shop.example.com/"})
		return err
	}
	errors := make(chan error, 20)
	for range 20 {
		go func() { errors <- create(false) }()
	}
	refused := 0
	for range 20 {
		if err := <-errors; err != nil {
			refused++
			if fields(err) != "url" {
				t.Error(err)
			}
		}
	}
	if refused != 4 {
		t.Errorf("%d of 20 refused, want 4", refused)
	}
	if err := create(true); err != nil {
		t.Errorf("the other mode: %v", err)
	}
	list, err := f.api.ListEndpoints(t.Context(), &webhooksv1.ListEndpointsRequest{MerchantId: "m_1"})
	if err != nil || len(list.GetEndpoints()) != 16 {
		t.Fatalf("%d endpoints, %v", len(list.GetEndpoints()), err)
	}
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: list.GetEndpoints()[0].GetId()}); err != nil {
		t.Fatal(err)
	}
	if err := create(false); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
}

func TestNobodySeesAnothersEndpoint(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(200))
	id, _ := f.endpoint(s.URL)
	f.publish(f.changed("payment.completed", payment()))
	delivery := f.settled("delivered", 1).GetId()
	ctx := t.Context()
	for name, who := range map[string]struct {
		merchant, id, delivery string
		live                   bool
	}{
		"another merchant": {merchant: "m_2", id: id, delivery: delivery},
		"another mode":     {merchant: "m_1", id: id, delivery: delivery, live: true},
		"unknown id":       {merchant: "m_1", id: uuid.NewString(), delivery: uuid.NewString()},
		"no id":            {merchant: "m_1", id: "x", delivery: "' or 1=1"},
	} {
		_, e1 := f.api.GetEndpoint(ctx, &webhooksv1.GetEndpointRequest{MerchantId: who.merchant, Livemode: who.live, Id: who.id})
		_, e2 := f.api.UpdateEndpoint(ctx, &webhooksv1.UpdateEndpointRequest{MerchantId: who.merchant, Livemode: who.live, Id: who.id})
		_, e3 := f.api.DeleteEndpoint(ctx, &webhooksv1.DeleteEndpointRequest{MerchantId: who.merchant, Livemode: who.live, Id: who.id})
		_, e4 := f.api.RotateSecret(ctx, &webhooksv1.RotateSecretRequest{MerchantId: who.merchant, Livemode: who.live, Id: who.id})
		_, e5 := f.api.GetDelivery(ctx, &webhooksv1.GetDeliveryRequest{MerchantId: who.merchant, Livemode: who.live, Id: who.delivery})
		for i, err := range []error{e1, e2, e3, e4, e5} {
			if !errs.Is(err, errs.NotFoundCode) {
				t.Errorf("%s, call %d: %v", name, i+1, err)
			}
		}
		l1, err1 := f.api.ListEndpoints(ctx, &webhooksv1.ListEndpointsRequest{MerchantId: who.merchant, Livemode: who.live})
		l2, err2 := f.api.ListDeliveries(ctx, &webhooksv1.ListDeliveriesRequest{MerchantId: who.merchant, Livemode: who.live})
		if stranger := who.merchant == "m_2" || who.live; stranger && (len(l1.GetEndpoints())+len(l2.GetDeliveries()) != 0 || l2.GetTotal() != 0 || err1 != nil || err2 != nil) {
			t.Errorf("%s: %v %v %v %v", name, l1, l2, err1, err2)
		}
	}
	if _, err := f.api.GetEndpoint(ctx, &webhooksv1.GetEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Errorf("the owner: %v", err)
	}
}

func TestAnEndpointIsChangedFieldByField(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, _ := f.endpoint("https://shop.example.com/a", "payment.failed")
	text, wrong := "https://shop.example.com/b", "nonsense"
	r := func(change *webhooksv1.UpdateEndpointRequest) (*webhooksv1.Endpoint, error) {
		change.MerchantId, change.Id = "m_1", id
		resp, err := f.api.UpdateEndpoint(t.Context(), change)
		return resp.GetEndpoint(), err
	}
	e, err := r(&webhooksv1.UpdateEndpointRequest{Url: &text})
	if err != nil || e.GetUrl() != text || !slices.Equal(e.GetEventTypes(), []string{"payment.failed"}) || !e.GetEnabled() {
		t.Errorf("%v, %v", e, err)
	}
	e, err = r(&webhooksv1.UpdateEndpointRequest{EventTypes: &webhooksv1.EventTypes{}})
	if err != nil || e.GetUrl() != text || len(e.GetEventTypes()) != 0 {
		t.Errorf("%v, %v", e, err)
	}
	if _, err := r(&webhooksv1.UpdateEndpointRequest{Url: &wrong}); fields(err) != "url" {
		t.Error(err)
	}
	if e, err = r(&webhooksv1.UpdateEndpointRequest{}); err != nil || e.GetUrl() != text {
		t.Errorf("a refused change was stored: %v, %v", e, err)
	}
	for _, overlap := range []int64{-1, 604801} {
		_, err := f.api.RotateSecret(t.Context(), &webhooksv1.RotateSecretRequest{MerchantId: "m_1", Id: id, OverlapSeconds: overlap})
		if fields(err) != "overlap_seconds" {
			t.Error(err)
		}
	}
}

func TestDeliveriesAreListedByPageAndFilter(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(200))
	id, _ := f.endpoint(s.URL)
	for i := range 5 {
		p := payment()
		p.Reference = fmt.Sprintf("PAY-20260617-%016X", i)
		f.publish(f.changed([]string{"payment.completed", "payment.failed"}[i%2], p))
		s.next(t)
	}
	eventually(t, "all delivered", func() bool { return f.count("delivered") == 5 })
	for name, c := range map[string]struct {
		filter *webhooksv1.ListDeliveriesRequest
		want   string
	}{
		"first page":  {&webhooksv1.ListDeliveriesRequest{Limit: 2}, "4 3 of 5"},
		"last page":   {&webhooksv1.ListDeliveriesRequest{Limit: 2, Page: 3}, "0 of 5"},
		"beyond":      {&webhooksv1.ListDeliveriesRequest{Limit: 2, Page: 4}, "of 5"},
		"by type":     {&webhooksv1.ListDeliveriesRequest{EventType: "payment.failed"}, "3 1 of 2"},
		"by payment":  {&webhooksv1.ListDeliveriesRequest{Reference: "PAY-20260617-0000000000000002"}, "2 of 1"},
		"by endpoint": {&webhooksv1.ListDeliveriesRequest{EndpointId: id, Limit: 1}, "4 of 5"},
		"another":     {&webhooksv1.ListDeliveriesRequest{EndpointId: uuid.NewString()}, "of 0"},
		"by status":   {&webhooksv1.ListDeliveriesRequest{Status: "exhausted"}, "of 0"},
	} {
		c.filter.MerchantId = "m_1"
		resp, err := f.api.ListDeliveries(t.Context(), c.filter)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := ""
		for _, d := range resp.GetDeliveries() {
			got += d.GetReference()[len(d.GetReference())-1:] + " "
		}
		if got += fmt.Sprint("of ", resp.GetTotal()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	_, err := f.api.ListDeliveries(t.Context(), &webhooksv1.ListDeliveriesRequest{MerchantId: "m_1", Page: -1, Limit: 101, Status: "done", EndpointId: "x", Reference: "\x00"})
	if got := fields(err); got != "page,limit,status,endpoint_id,reference" {
		t.Errorf("refused fields: %s", got)
	}
}

func TestSecretsAreNotReadableInTheDatabase(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, secret := f.endpoint("https://shop.example.com/")
	var readable bool
	err := f.core.Pool.QueryRow(t.Context(), `select position($2::text in e::text) > 0 or position(convert_to($2, 'UTF8') in e.secret) > 0 from endpoints e where id = $1`, id, secret).Scan(&readable)
	if err != nil || readable {
		t.Errorf("readable: %v, %v", readable, err)
	}
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	var gone bool
	if err := f.core.Pool.QueryRow(t.Context(), `select secret is null and old_secret is null from endpoints where id = $1`, id).Scan(&gone); err != nil || !gone {
		t.Errorf("the secret outlives the endpoint, %v", err)
	}
}
