module european-pay.eu/eupay/sandbox

go 1.26.0
