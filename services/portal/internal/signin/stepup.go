package signin

import (
	"errors"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// stepUp proves once more who the user is, and then sends the form that had asked for it as it was: status 307 keeps its method and body.
func stepUp(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	next := web.Local(f.Get("step_up_next"), r.Root())
	if err = proveAgain(r, f); err == nil {
		http.Redirect(r.W, r.Request, next, http.StatusTemporaryRedirect)
		return nil
	}
	var refused *eupay.Error
	if !errors.As(err, &refused) {
		return err
	}
	return r.AskAgain(next, err)
}

func proveAgain(r *web.Request, f *web.Form) error {
	if f.Get("credential") == "" {
		return r.API.Auth.StepUp(r.Ctx(), stepUpProof(f))
	}
	shown, err := web.Credential(f)
	if err != nil {
		return err
	}
	return r.API.Passkeys.StepUp(r.Ctx(), shown)
}

func stepUpProof(f *web.Form) eupay.Proof {
	if typed := f.Get("step_up_proof"); web.IsCode(typed) {
		return eupay.Proof{Code: eupay.Secret(typed)}
	}
	return eupay.Proof{Password: f.Secret("step_up_proof")}
}
