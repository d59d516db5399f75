module european-pay.eu/eupay/sdk/go

go 1.25.0
