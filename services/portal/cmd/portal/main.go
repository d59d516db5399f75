// Command portal runs the portal service.
package main

import (
	"os"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/services/portal"
)

func main() { os.Exit(boot.Main(&portal.Config{}, portal.New)) }
