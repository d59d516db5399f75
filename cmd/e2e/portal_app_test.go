package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	eupay "european-pay.eu/eupay/sdk/go"
)

// portalACustomerPays registers in the app, links a bank, holds the phone's camera at a code, pays, and finds the payment and its
// points.
func portalACustomerPays(t *testing.T) {
	m := shared.newMerchant(t)
	if a := m.portal.do(t, http.MethodPatch, "/merchant", `{"loyalty_eligible":true}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	code, err := m.client.Payments.QRImage(t.Context(), m.pays(t, nil).Reference, eupay.QRImageParams{})
	if err != nil {
		t.Fatal(err)
	}
	b := phoneThatSees(t, code.Data)
	b.goTo(pageURL("/app/register"))
	b.fill("name", "Zoé Martin")
	b.fill("email", uuid.NewString()+"@example.com")
	b.fill("password", password)
	b.press("#main form[action='/app/register'] button")
	b.arrives("/app")
	b.linksBank()

	b.goTo(pageURL("/app"))
	b.looksThroughTheCamera()
	b.arrives("/app/scan")
	if said := b.text(".pay-head"); !strings.Contains(said, m.Name) || !strings.Contains(said, "29.99") {
		t.Errorf("the app reads from the code: %q", said)
	}
	b.press(".pay-form button.primary")
	b.sees("#authorise, #bank-nowhere")
	if act(b, "look for the banks", chromedp.Evaluate[bool](`document.querySelector("#bank-nowhere") !== null`)) {
		b.click("#bank-nowhere")
	}
	b.sees("#authorise")
	b.click("#authorise")
	b.sees("main.done, .pay-sign.good, .result.good")

	b.goTo(pageURL("/app/payments"))
	b.press(".entries a")
	b.sees(".result.good")
	eventually(t, "the points are there", func() bool {
		b.goTo(pageURL("/app/points"))
		return strings.TrimSpace(b.text(".points-number")) == "29"
	})
	b.sees(".entries .entry")
}

// linksBank goes to the bank and back, and confirms.
func (b *tab) linksBank() {
	b.t.Helper()
	b.goTo(pageURL("/app/accounts"))
	b.press("#main form[action='/app/accounts/connect'] button")
	b.sees("#pick")
	b.click("#bank-nowhere")
	b.sees("#login")
	b.set("#login", "customer")
	b.set("#password", "any")
	b.click("#continue")
	b.sees("#consent")
	b.click("#consent")
	b.arrives("/app/accounts/confirm")
	b.press("#main form[action='/app/accounts/confirm'] button.primary")
	b.arrives("/app/accounts")
	b.sees(".entries .entry")
}

// looksThroughTheCamera starts the camera, if it has not begun by itself because the browser allows it.
func (b *tab) looksThroughTheCamera() {
	b.t.Helper()
	b.ready("[data-scanner]")
	act(b, "start the camera", chromedp.Evaluate[bool](`(() => { const s = document.querySelector("[data-camera]"); if (s && !s.hidden) s.click(); return true })()`))
}

// phoneThatSees opens the pages in a browser of its own, whose camera is held at the picture.
func phoneThatSees(t *testing.T, picture []byte) *tab {
	t.Helper()
	film := filepath.Join(t.TempDir(), "camera.y4m")
	if err := os.WriteFile(film, filmOf(t, picture), 0o600); err != nil {
		t.Fatal(err)
	}
	main, stop, err := startBrowser(chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", film))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	b := tabOf(main, t).faultless()
	act(b, "hold a phone", chromedp.EmulateViewport(390, 844))
	return b
}

const filmWidth, filmHeight = 640, 480

// filmOf is a film of one frame, in the format YUV4MPEG2, with the picture in its middle.
func filmOf(t *testing.T, picture []byte) []byte {
	t.Helper()
	code, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	corner := code.Bounds().Min.Sub(image.Pt((filmWidth-code.Bounds().Dx())/2, (filmHeight-code.Bounds().Dy())/2))
	var film bytes.Buffer
	fmt.Fprintf(&film, "YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\nFRAME\n", filmWidth, filmHeight)
	for y := range filmHeight {
		for x := range filmWidth {
			at := corner.Add(image.Pt(x, y))
			light := byte(255)
			if at.In(code.Bounds()) {
				light = color.GrayModel.Convert(code.At(at.X, at.Y)).(color.Gray).Y
			}
			film.WriteByte(light)
		}
	}
	film.Write(bytes.Repeat([]byte{128}, filmWidth*filmHeight/2)) // no colour
	return film.Bytes()
}
