package keys

import (
	"fmt"
	"net/http"
	"regexp"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// showSecret answers with the secret, this once.
func showSecret(r *web.Request, k *eupay.APIKey, overlap int) error {
	r.Uncompressed()
	return r.Render(http.StatusOK, "keys/secret", struct {
		eupay.APIKey
		Overlap     int
		Plain, File string
	}{*k, overlap, string(k.APISecret), envFile(r.Site.APIURL, k.APIKey, string(k.APISecret))})
}

func envFile(api, key, secret string) string {
	return fmt.Sprintf("EUPAY_URL=%s\nEUPAY_API_KEY=%s\nEUPAY_API_SECRET=%s\n", api, key, secret)
}

var credential = regexp.MustCompile(`^[ps]k_(test|live)_[A-Za-z0-9]{1,100}$`)

// download gives back the credentials of the form as a file: the portal has not kept them.
func download(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	key, secret := f.Get("api_key"), f.Get("api_secret")
	if !credential.MatchString(key) || !credential.MatchString(secret) {
		return web.NotFound
	}
	h := r.W.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="eupay.env"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	r.Uncompressed()
	return r.Send(http.StatusOK, []byte(envFile(r.Site.APIURL, key, secret)))
}
