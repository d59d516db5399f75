package bus

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	streamFill = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_stream_fill_ratio", Help: "Bytes of a stream as a share of its bound; 0 when it has none.",
	}, []string{"stream"})
	brokerProblems = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_broker_problems", Help: "Streams and consumers that are missing or cannot be asked for, or 1 without a connection, by client.",
	}, []string{"client"})
)
