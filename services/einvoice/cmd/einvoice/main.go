// Command einvoice runs the einvoice service.
package main

import (
	"os"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/services/einvoice"
)

func main() { os.Exit(boot.Main(&einvoice.Config{}, einvoice.New)) }
