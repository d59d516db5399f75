package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// tried is an operation as the documentation's tester offers it.
type tried struct {
	ID, Method, Path string
	Key, Login       bool
	Params           []struct {
		Name, In, Example string
		Required          bool
		Values            []string
	}
	Body, Type, Answer string
}

// unanswered are the operations that cannot be answered as documented on a fresh machine, with the reason.
var unanswered = map[string]string{
	"loginWithPasskey": passkeyNeeded, "verifyLoginWithPasskey": passkeyNeeded, "addPasskey": passkeyNeeded, "renamePasskey": passkeyNeeded,
	"removePasskey": passkeyNeeded, "stepUpWithPasskey": passkeyNeeded, "passkeyForStepUp": passkeyNeeded, "passkeyForTicket": passkeyNeeded,
	"confirmFactor": factorNeeded, "verifyLogin": factorNeeded, "newRecoveryCodes": factorNeeded, "disableFactor": factorNeeded, "stepUp": factorNeeded,
	"resetPassword": mailNeeded, "verifyEmail": mailNeeded, "changeUnverifiedEmail": mailNeeded, "resendVerification": mailNeeded,
	"providerWebhook": signedOnly, "platformWebhook": signedOnly, "testPlatformWebhook": signedOnly,
	"payerReturn": "leads the browser of a payer", "returnFromConnect": "leads the browser of a customer", "confirmCustomerAccounts": "takes the code of the bank's page",
	"requeueDeadLetter": "there is no dead letter", "stopIBANChange": "no change of the IBAN waits", "cancelRefund": "the sandbox bank has made the refund at once",
	"confirmNotReceived": "no payment waits for the merchant's word", "bookLateReceipt": "no money came late", "submitInvoice": "the platform has the invoice already",
	"payOrder":               "the order is paid already",
	"invoiceOrder":           "takes an order that is paid and has no invoice",
	"releaseRedemption":      "the redemption is captured already",
	"refundCancellation":     "the order is paid at the counter",
	"createPushSubscription": "takes a browser's own address", "updatePushSubscription": "there is no browser", "testPushSubscription": "there is no browser", "deletePushSubscription": "there is no browser",
	"listenToWebhooks": "does not end",
	"followKitchen":    "does not end",
	"pollPrinter":      printersOnly, "fetchTicket": printersOnly, "confirmTicket": printersOnly,
	"printAgain": "takes a ticket that was printed", "fireCourse": "takes an order with courses", "setStationStatus": "takes an order of a station", "setLineStatus": "takes the place of a line beside its order", "setPartStatus": "takes an order of a set menu",
	"getBill": billNeeded, "recordBillPayment": billNeeded, "refundBillPayment": billNeeded, "takeBillShare": billNeeded, "cancelBillShare": billNeeded, "closeBill": billNeeded,
	"getBillTicket": billNeeded, "getPublicBillTicket": billNeeded, "invoiceBillPayment": billNeeded, "emailBillTicket": billNeeded, "emailPublicBillTicket": billNeeded,
	"getTableBill": billNeeded, "getPublicBill": billNeeded, "takePublicBillShare": billNeeded, "getPublicBillShare": billNeeded, "cancelPublicBillShare": billNeeded,
	"setOptionAvailable":  "takes the id of an option beside that of its group",
	"createVariant":       "makes the product of the other examples one that is ordered by its variant",
	"updateVariant":       "takes the id of a variant beside that of its product",
	"deleteVariant":       "takes the id of a variant beside that of its product",
	"getProductByEAN":     "takes the code of a product",
	"importProducts":      "takes a file",
	"returnFromReceiving": "leads the browser of a merchant", "confirmReceivingAccount": "takes the code of the bank's page",
	"removeReceivingAccount": accountNeeded, "getBankLine": accountNeeded, "matchBankLine": accountNeeded, "undoBankMatch": accountNeeded,
}

const (
	passkeyNeeded = "takes a device that keeps passkeys"
	factorNeeded  = "takes a code of an app"
	mailNeeded    = "takes the token of a mail, which one machine does not demand"
	billNeeded    = "takes a bill that is open, of a table whose guests pay later"
	accountNeeded = "takes a bank account that is connected at the bank's page"
	printersOnly  = "takes the address of a printer"
	signedOnly    = "takes the signature of the provider"
)

// last are the operations after which others could not be tried any more, in their order.
var last = []string{
	"replaceHours", "setPickup", "pauseOrders", "resumeOrders", "deletePromotionCode", "loginCustomer", "getLogo", "refreshTableCode", "setOrderStatus", "cancelPayment", "revokePaymentLink", "revokeApiKey", "deleteWebhookEndpoint", "removeTeamMember", "removeLogo", "deleteOffer",
	"deleteProductOffer", "deletePrinter", "deleteStation", "deleteTable", "deleteProduct", "removeCustomerAccount", "logout", "endSession", "endOtherSessions", "changePassword", "updateUser",
}

// TestPortalEveryExampleAnswersAsDocumented sends what the tester would send for each operation, with the ids of what there is, and compares
// the status and the fields of the answer with the description.
func TestPortalEveryExampleAnswersAsDocumented(t *testing.T) {
	d, s := shared.description(t), newTrial(t)
	byID := make(map[string]*operation)
	for _, op := range d.operations(t) {
		byID[op.id] = op
	}
	offered := testerOffers(t)
	slices.SortStableFunc(offered, func(a, b tried) int { return cmp.Compare(slices.Index(last, a.ID), slices.Index(last, b.ID)) })
	for id := range unanswered {
		if !slices.ContainsFunc(offered, func(o tried) bool { return o.ID == id }) {
			t.Errorf("%s is unanswered, and the tester does not offer it", id)
		}
	}
	for _, o := range offered {
		if unanswered[o.ID] == "" {
			s.try(t, d, byID[o.ID], o)
		}
	}
}

// testerOffers reads the operations from the pages of the documentation, each once.
func testerOffers(t *testing.T) (list []tried) {
	t.Helper()
	seen := make(map[string]bool)
	for _, path := range guides(t) {
		for _, found := range regexp.MustCompile(`data-op="([^"]*)"`).FindAllStringSubmatch(readPage(t, path), -1) {
			var o tried
			decode(t, []byte(html.UnescapeString(found[1])), &o)
			if !seen[o.ID] {
				list = append(list, o)
			}
			seen[o.ID] = true
		}
	}
	if len(list) < 100 {
		t.Fatalf("only %d operations are documented", len(list))
	}
	return list
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	resp, err := shared.client.Get(pageURL(path))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// try sends the operation's example.
func (s *trial) try(t *testing.T, d *description, op *operation, o tried) {
	t.Helper()
	path, body := s.filledIn(o)
	caller := s.as(o)
	if o.Type != "" && o.Body == "" {
		caller, body = caller.with("Content-Type", "image/png"), onePixel(t)
	}
	for _, p := range o.Params {
		if p.In == "header" && p.Example != "" {
			caller = caller.with(p.Name, p.Example)
		}
	}
	a, err := caller.try(o.Method, path, body)
	if err != nil {
		t.Errorf("%s: %v", o.ID, err)
		return
	}
	if !slices.Contains(op.statuses, a.status) {
		t.Errorf("%s: %s %s answers %d, documented is %v: %.300s\nsent: %s", o.ID, o.Method, path, a.status, op.statuses, a.raw, body)
		return
	}
	var value any
	if o.Answer == "application/json" && json.Unmarshal(a.raw, &value) != nil {
		t.Errorf("%s: the answer is no JSON: %.100s", o.ID, a.raw)
	}
	if wrong := d.differs(op.answer, value, ""); len(wrong) > 0 {
		t.Errorf("%s: %v: %.300s", o.ID, wrong, a.raw)
	}
	s.learn(o, value)
}

// differs lists the fields that a documented answer must have and the decoded one lacks, and those that are not documented.
func (d *description) differs(s *schema, value any, at string) (wrong []string) {
	s = d.flat(s)
	switch v := value.(type) {
	case []any:
		if len(v) > 0 {
			return d.differs(s.Items, v[0], at+"[]")
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, there := v[name]; !there {
				wrong = append(wrong, "no "+at+"."+name)
			}
		}
		for name, inside := range v {
			property, known := s.Properties[name]
			if !known && len(s.Properties) > 0 {
				wrong = append(wrong, "undocumented "+at+"."+name)
			}
			wrong = append(wrong, d.differs(property, inside, at+"."+name)...)
		}
	}
	return wrong
}

// onePixel is a picture.
func onePixel(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// fresh is an address that nobody has.
func fresh() string { return uuid.NewString() + "@example.com" }

// filledIn are the path, with its query, and the body of the operation's example, with ids of what there is.
func (s *trial) filledIn(o tried) (path, body string) {
	path = o.Path
	query := url.Values{}
	for _, p := range o.Params {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(s.id(o, p.Name, p.Example)))
		case p.In == "query" && p.Required && p.Example == "" && len(p.Values) > 0:
			query.Set(p.Name, p.Values[0])
		case p.In == "query" && p.Example != "":
			query.Set(p.Name, cmp.Or(s.values[p.Example], p.Example))
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	body = o.Body
	for old, now := range s.instead(o) {
		body = strings.ReplaceAll(body, old, now)
	}
	return path, body
}

// as is who sends it, as the tester does with a key and a login.
func (s *trial) as(o tried) caller {
	switch {
	case o.ID == "enrollMerchant":
		return s.newcomer
	case strings.HasPrefix(o.Path, "/admin"):
		return s.admin
	case strings.HasPrefix(o.Path, "/customer"), o.Path == "/qr/scan", o.Path == "/qr/pay", strings.HasPrefix(o.Path, "/qr/transactions"):
		return s.guest
	case o.Key && !strings.Contains(o.ID, "Card"):
		return s.m.api
	case o.Login:
		return s.login
	default:
		return s.m.portalless()
	}
}

// learn keeps the ids of answers for operations on the same thing, as the tester does.
func (s *trial) learn(o tried, value any) {
	found, _ := value.(map[string]any)
	if inside, ok := found["data"]; ok {
		list, isList := inside.([]any)
		switch {
		case isList && len(list) > 0:
			found, _ = list[0].(map[string]any)
		case !isList:
			found, _ = inside.(map[string]any)
		}
	}
	if below := place(o.Path); !strings.Contains(below, "{") && (o.Method == http.MethodPost || s.known[below] == nil) {
		s.known[below] = found
	}
}

// place is the path below which there is what an operation makes or lists.
func place(path string) string {
	return regexp.MustCompile(`/(create|list|generate)$`).ReplaceAllString(path, "")
}
