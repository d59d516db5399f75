package components_test

import (
	"net/http"
	"testing"

	"european-pay.eu/eupay/services/portal/internal/components"
	"european-pay.eu/eupay/services/portal/internal/web"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

func TestComponentsAreThereInDevelopmentOnly(t *testing.T) {
	t.Parallel()
	for development, want := range map[bool]int{true: http.StatusOK, false: http.StatusNotFound} {
		k := webtest.Serve(t, http.NotFoundHandler(), func(s *web.Site) error {
			s.Development = development
			return components.Register(s)
		})
		if got := k.Get("/portal/_components"); got.Status != want {
			t.Errorf("development %t: %d", development, got.Status)
		}
	}
}

func TestEveryStateIsShownInBothThemes(t *testing.T) {
	t.Parallel()
	k := webtest.Serve(t, http.NotFoundHandler(), func(s *web.Site) error {
		s.Development = true
		return components.Register(s)
	})
	page := k.Get("/portal/_components")
	page.Has(t, `<section data-theme="light"`, `<section data-theme="dark"`, `id="f-light-wrong"`, `id="f-dark-wrong"`, `aria-invalid="true"`, "<dialog open", "chart-axis", `class="empty"`)
	for _, state := range web.States() {
		page.Has(t, ">"+state+"</span>")
	}
	page.Lacks(t, "<no value>")
}
