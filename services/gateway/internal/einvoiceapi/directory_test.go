package einvoiceapi

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
)

// listed stands in for the directory of the einvoice service: it has one business.
type listed struct {
	einvoicev1.UnimplementedDirectoryServiceServer
}

func (listed) LookUp(_ context.Context, r *einvoicev1.LookUpRequest) (*einvoicev1.LookUpResponse, error) {
	if r.GetSiren() != "732829320" || r.GetLivemode() {
		return nil, errs.New(errs.NotFoundCode, "The directory does not know this SIREN.")
	}
	return &einvoicev1.LookUpResponse{Siren: r.GetSiren(), Name: "Acme", Reachable: true, ElectronicAddress: "732829320", Lines: []*einvoicev1.DirectoryLine{
		{ElectronicAddress: "732829320", Addressable: true, Address: &einvoicev1.Address{City: "Lyon", Country: "FR"}},
		{ElectronicAddress: "732829320_73282932000074", Siret: "73282932000074", Public: true, Address: &einvoicev1.Address{}},
	}}, nil
}

func connectDirectory(t *testing.T) einvoicev1.DirectoryServiceClient {
	t.Helper()
	return einvoicev1.NewDirectoryServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		einvoicev1.RegisterDirectoryServiceServer(r, listed{})
	}, errs.UnaryServer(quiet)))
}

func TestABusinessIsLookedUp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const want = `{"siren":"732829320","name":"Acme","reachable":true,"electronic_address":"732829320","lines":[` +
		`{"electronic_address":"732829320","siret":null,"suffix":null,"routing_code":null,"addressable":true,"public":false,` +
		`"address":{"street":null,"more":null,"post_code":null,"city":"Lyon","country":"FR"}},` +
		`{"electronic_address":"732829320_73282932000074","siret":"73282932000074","suffix":null,"routing_code":null,"addressable":false,"public":true,"address":null}]}`
	for _, siren := range []string{"732829320", "732%20829%20320"} {
		if r := f.must(t, 200, f.key, "GET", "/einvoice/directory/"+siren, ""); strings.TrimSpace(r.text) != want {
			t.Errorf("%s: %s", siren, r.text)
		}
	}
	f.must(t, 404, f.key, "GET", "/einvoice/directory/552100554", "")
	for _, odd := range []string{"73282932", "732829321", "abc"} {
		if r := f.must(t, 400, f.key, "GET", "/einvoice/directory/"+odd, ""); r.fields() != "siren" {
			t.Errorf("%s: %s", odd, r.text)
		}
	}
}

func TestDepositsAndTheirFinalInvoiceAreAskedFor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const item = `"customer_name":"Acme","items":[{"product_name":"X","quantity":1,"unit_price_ttc":10.00,"vat_rate":20}]`
	f.must(t, 201, f.key, "POST", invoices, `{`+item+`,"type":"deposit"}`)
	if req, ok := f.platform.asked().(*einvoicev1.CreateInvoiceRequest); !ok || req.GetType() != "deposit" || req.GetKeepUnreachable() {
		t.Errorf("asked %v", f.platform.asked())
	}
	f.must(t, 201, f.key, "POST", invoices, `{`+item+`,"deposits":["INV-1","INV-2"],"unreachable_buyer":"keep"}`)
	if req, ok := f.platform.asked().(*einvoicev1.CreateInvoiceRequest); !ok || strings.Join(req.GetDeposits(), " ") != "INV-1 INV-2" || !req.GetKeepUnreachable() {
		t.Errorf("asked %v", f.platform.asked())
	}
	for fields, body := range map[string]string{
		"type": `"type":"rebate"`, "deposits": `"type":"deposit","deposits":["INV-1"]`, "deposits[1]": `"deposits":["INV-1"," "]`, "unreachable_buyer": `"unreachable_buyer":"mail"`,
	} {
		if r := f.must(t, 400, f.key, "POST", invoices, `{`+item+`,`+body+`}`); r.fields() != fields {
			t.Errorf("%s: %s", body, r.text)
		}
	}
}
