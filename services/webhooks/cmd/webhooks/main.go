// Command webhooks delivers payment events to merchants' webhook endpoints.
package main

import (
	"os"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/services/webhooks"
)

func main() { os.Exit(boot.Main(&webhooks.Config{}, webhooks.New)) }
