package shape

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// AuditEntry is an entry of the audit log in an answer.
type AuditEntry struct {
	ID         string         `json:"id"`
	CreatedAt  string         `json:"created_at"`
	Actor      string         `json:"actor"`
	ActorEmail *string        `json:"actor_email"`
	Action     string         `json:"action"`
	Target     string         `json:"target"`
	Outcome    string         `json:"outcome"`
	Detail     map[string]any `json:"detail"`
}

// AuditEntryOf shows an entry of the audit log.
func AuditEntryOf(e audit.Entry) AuditEntry {
	v := AuditEntry{
		ID: strconv.FormatInt(e.ID, 10), CreatedAt: web.Time(e.At), Actor: e.Actor, ActorEmail: web.OrNull(e.ActorEmail), Action: e.Action, Target: e.Target,
		Outcome: "success", Detail: map[string]any{},
	}
	for name, value := range e.Detail {
		if text, ok := value.(string); ok && name == "outcome" {
			v.Outcome = text
			continue
		}
		v.Detail[name] = value
	}
	return v
}

// AuditLog answers a page of the audit log of the merchant.
func AuditLog(c echo.Context, log *audit.Log, merchantID string) error {
	_, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	text, err := web.After(c)
	if err != nil {
		return err
	}
	var after int64
	if text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 1 {
			return errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the id of an entry."})
		}
	}
	list, more, err := log.List(c.Request().Context(), merchantID, after, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.CursoredOf(list, AuditEntryOf, more))
}
