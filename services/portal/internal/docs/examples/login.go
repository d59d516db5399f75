package examples

import (
	"context"

	eupay "european-pay.eu/eupay/sdk/go"
)

// LogIn returns a client that calls as the user, in test mode. Live is the other mode.
func LogIn(ctx context.Context, email string, password eupay.Secret) (*eupay.Client, error) {
	anybody := eupay.New("", "", eupay.Options{BaseURL: eupay.DevelopmentURL})
	session, err := anybody.Auth.Login(ctx, eupay.Credentials{Email: email, Password: password})
	if err != nil {
		return nil, err
	}
	return anybody.WithToken(session.Token), nil
}
