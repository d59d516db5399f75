package web

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var requestSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
	Name: "eupay_gateway_http_request_seconds", Help: "Time to answer a request, by route and status.",
	Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
}, []string{"method", "route", "status"})

var decisions = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_gateway_rate_limit_decisions_total", Help: "Calls that a rate limit has allowed or refused.",
}, []string{"decision"})

var callsAllowed, callsRefused = decisions.WithLabelValues("allowed"), decisions.WithLabelValues("refused")
