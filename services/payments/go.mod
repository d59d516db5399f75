module european-pay.eu/eupay/services/payments

go 1.26.0

require (
	european-pay.eu/eupay/internal v0.0.0
	european-pay.eu/eupay/proto v0.0.0
)

require (
	go.uber.org/goleak v1.3.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)

replace (
	european-pay.eu/eupay/internal => ../../internal
	european-pay.eu/eupay/proto => ../../proto
)
