// Command qr runs the qr service.
package main

import (
	"os"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/services/qr"
)

func main() { os.Exit(boot.Main(&qr.Config{}, qr.New)) }
