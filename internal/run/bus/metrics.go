package bus

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// What the broker says is the same on every replica: take the highest, not the sum.
var (
	streamFill = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_stream_fill_ratio", Help: "Bytes of a stream as a share of its bound; 0 when it has none.",
	}, []string{"stream"})
	streamMessages = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_stream_messages", Help: "Messages that a stream holds.",
	}, []string{"stream"})
	brokerProblems = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_broker_problems", Help: "Streams and consumers that are missing or cannot be asked for, or 1 without a connection, by client.",
	}, []string{"client"})
	consumerPending = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_consumer_pending_messages", Help: "Messages that were not delivered to a consumer yet: how far it is behind.",
	}, []string{"stream", "consumer"})
	consumerUnacknowledged = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_consumer_unacknowledged_messages", Help: "Messages that were delivered to a consumer and are not applied yet.",
	}, []string{"stream", "consumer"})
	consumerRedelivered = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_consumer_redelivered_messages", Help: "Unacknowledged messages that were delivered more than once.",
	}, []string{"stream", "consumer"})
)
