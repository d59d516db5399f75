module european-pay.eu/eupay/services/gateway

go 1.26.0

require (
	european-pay.eu/eupay/internal v0.0.0
	european-pay.eu/eupay/proto v0.0.0
)

replace (
	european-pay.eu/eupay/internal => ../../internal
	european-pay.eu/eupay/proto => ../../proto
)
