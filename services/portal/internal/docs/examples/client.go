package examples

import (
	"os"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Client calls with an API key. A pk_test_ key goes to the development environment by itself.
func Client() *eupay.Client {
	return eupay.New(os.Getenv("EUPAY_API_KEY"), eupay.Secret(os.Getenv("EUPAY_API_SECRET")), eupay.Options{})
}
