// Command gateway runs the REST API. Settings come from the environment; see services/gateway/README.md.
package main

import (
	"os"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/services/gateway"
)

func main() { os.Exit(boot.Main(&gateway.Config{}, gateway.New)) }
