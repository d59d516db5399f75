package app

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed sw.js
var worker string

// shell are the files that the app keeps on the phone, and that hold nothing of anybody.
var shell = []string{
	"eupay.css", "transition.js", "htmx.js", "eupay.js", "app.js", "inter.woff2", "favicon.svg", "app-touch-180.png",
}

func offline(r *web.Request) error {
	r.Session = nil // the phone keeps this page: it must not name anybody
	return r.Render(http.StatusOK, "app/offline", nil)
}

// serviceWorker answers with the script that keeps the shell. Its text names the files by their hashes, so a new version of the portal
// is a new worker.
func serviceWorker(r *web.Request) error {
	files := make([]string, 0, len(shell))
	for _, name := range shell {
		file, err := r.Site.Assets.URL(name)
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	list, err := json.Marshal(files)
	if err != nil {
		return fmt.Errorf("list the shell: %w", err)
	}
	h := r.W.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Service-Worker-Allowed", "/app")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'self'")
	sum := sha256.Sum256(list)
	script := strings.NewReplacer("__SHELL__", string(list), "__VERSION__", hex.EncodeToString(sum[:6])).Replace(worker)
	return r.Send(http.StatusOK, []byte(script))
}

type manifestIcon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

// manifest tells a phone what to put on its home screen.
func manifest(r *web.Request) error {
	icons := make([]manifestIcon, 0, 3)
	for _, i := range []struct{ name, sizes, purpose string }{
		{"app-192.png", "192x192", "any"}, {"app-512.png", "512x512", "any"}, {"app-maskable-512.png", "512x512", "maskable"},
	} {
		file, err := r.Site.Assets.URL(i.name)
		if err != nil {
			return err
		}
		icons = append(icons, manifestIcon{file, i.sizes, "image/png", i.purpose})
	}
	body, err := json.Marshal(map[string]any{
		"id": start, "name": "EU Pay", "short_name": "EU Pay", "description": r.Text.T("app.description"), "lang": r.Text.Code,
		"start_url": start, "scope": start, "display": "standalone", "orientation": "portrait",
		"background_color": "#fafafb", "theme_color": "#3b3fd8", "icons": icons,
		"shortcuts": []map[string]string{{"name": r.Text.T("app.tab_payments"), "url": "/app/payments"}},
	})
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	r.W.Header().Set("Content-Type", "application/manifest+json")
	r.W.Header().Set("Cache-Control", "no-cache")
	r.W.Header().Set("X-Content-Type-Options", "nosniff")
	return r.Send(http.StatusOK, body)
}
