package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestPortalPictures writes a picture of every page to the folder of screenshotsEnv: on a phone, a tablet and a desk, light and dark, in
// English and French. It is for people to look at, and makes none without the folder.
func TestPortalPictures(t *testing.T) {
	folder := os.Getenv(screenshotsEnv)
	if folder == "" {
		return
	}
	s := newShop(t)
	byPerson := make(map[string][]visit)
	for _, v := range s.visits(t) {
		byPerson[v.who] = append(byPerson[v.who], v)
	}
	for who, list := range byPerson {
		for part := range slices.Chunk(list, pagesOfATab) {
			for _, lang := range []string{"en", "fr"} {
				t.Run(lang+who+part[0].path, func(t *testing.T) {
					t.Parallel()
					s.pictures(t, part, lang, filepath.Join(folder, lang))
				})
			}
		}
	}
}

// pictures takes those of some pages in one language.
func (s *shop) pictures(t *testing.T, list []visit, lang, folder string) {
	t.Helper()
	b := openTab(t)
	b.loggedIn(s, list[0].who)
	call(b, network.SetCookie, network.SetCookieParams{Name: "eupay-lang", Value: lang, URL: pageURL("/")})
	for _, v := range list {
		for _, width := range []int64{390, 820, 1440} {
			b.looksWith(look{width, 900, "light"})
			b.goTo(pageURL(v.path))
			for _, theme := range []string{"light", "dark"} {
				b.looksWith(look{width, 900, theme})
				b.picture(filepath.Join(folder, fmt.Sprintf("%d-%s", width, theme)), v)
			}
		}
	}
}

// tallest is how much of a page a picture shows, in pixels.
const tallest = 4000

func (b *tab) picture(folder string, v visit) {
	b.t.Helper()
	height := act(b, "measure the page", chromedp.Evaluate[int64](fmt.Sprintf(`Math.min(%d, document.documentElement.scrollHeight)`, tallest)))
	width := act(b, "measure the window", chromedp.Evaluate[int64](`innerWidth`))
	act(b, "unroll the page", chromedp.EmulateViewport(width, max(height, 900)))
	png := act(b, "take a picture", chromedp.CaptureScreenshot())
	if err := os.MkdirAll(folder, 0o700); err != nil {
		b.t.Fatal(err)
	}
	name := strings.Trim(strings.NewReplacer("/", "_", "?", "-", "=", "-", "&", "-").Replace(v.path), "_")
	if err := os.WriteFile(filepath.Join(folder, v.who+"_"+name[:min(len(name), 80)]+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
