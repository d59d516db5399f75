package user

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// WriteMail makes the text of a queued mail, with a new token where its reader needs one. It is postbox.ErrVoid when there is nobody to
// write to.
func (u *Users) WriteMail(ctx context.Context, tx pgx.Tx, m postbox.Mail) (mail.Message, error) {
	if !notice.Known(m) {
		return mail.Message{}, postbox.ErrVoid
	}
	fields := map[string]string{}
	for name, value := range m.Detail {
		fields[name] = value
	}
	var err error
	switch m.Kind {
	case notice.PasswordReset:
		err = u.writeReset(ctx, tx, m, fields)
	case notice.VerifyEmail:
		err = u.writeVerify(ctx, tx, &m, fields)
	}
	if err != nil {
		return mail.Message{}, err
	}
	return notice.Write(m, fields)
}

// writeReset makes the token for a new password. It looks for the user here and not in the request, so that the time of the request does not
// reveal who has an account.
func (u *Users) writeReset(ctx context.Context, tx pgx.Tx, m postbox.Mail, fields map[string]string) error {
	user, err := userByEmail(ctx, tx, m.To)
	if errors.Is(err, errNoUser) || (err == nil && user.Disabled) {
		return postbox.ErrVoid
	}
	if err != nil {
		return err
	}
	code, err := u.newMailToken(ctx, tx, user.ID, purposeReset, resetLife)
	fields["Code"], fields["Link"] = code, u.page(user.Role, "reset-password", code)
	return err
}

// page is a page of the portal, or of the app for its customers, that takes a token. The app is beside a portal at /portal. The token is
// behind the #, which no server on the way sees.
func (u *Users) page(of rights.Role, name, token string) string {
	base := strings.TrimRight(u.portalURL, "/")
	if beside, ok := strings.CutSuffix(base, "/portal"); ok && of == rights.RoleCustomer {
		base = beside + "/app"
	}
	link := base + "/" + name
	if token != "" {
		link += "#token=" + token
	}
	return link
}
