package apikey

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var known = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "eupay_gateway_key_cache_lookups_total", Help: "API keys that were known in memory (hit), or had to be read or compared (miss).",
}, []string{"result"})

var hits, misses = known.WithLabelValues("hit"), known.WithLabelValues("miss")
