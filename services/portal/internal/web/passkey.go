package web

import (
	"encoding/json"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Credential reads the passkey that the page's script has put into the form. What is none is refused as the API refuses it.
func Credential(f *Form) (eupay.BrowserCredential, error) {
	var shown eupay.BrowserCredential
	if err := json.Unmarshal([]byte(f.Get("credential")), &shown); err != nil {
		return shown, &eupay.Error{Code: eupay.ErrValidation, Status: http.StatusBadRequest, Message: "The passkey could not be read. Try again."}
	}
	return shown, nil
}

// IsCode reports whether a text can be a code of an authenticator app: six digits. Recovery codes are longer.
func IsCode(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) == 6
}

// JSON answers a script of the pages.
func (r *Request) JSON(body json.RawMessage) error {
	r.secure()
	r.W.Header().Set("Content-Type", "application/json")
	r.W.Header().Set("Cache-Control", "no-store")
	return r.Send(http.StatusOK, body)
}
