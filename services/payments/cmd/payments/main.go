// Command payments runs the payments service. Its settings are environment variables; see the README of the service.
package main

import (
	"os"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/services/payments"
)

func main() { os.Exit(boot.Main(&payments.Config{}, payments.New)) }
