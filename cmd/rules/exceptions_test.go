package rules

// elsewhere has the number of SQL statements outside of stores, by file. Numbers may only be lowered.
var elsewhere = map[string]int{
	// When it starts, the service checks once which key sealed its rows.
	"payments/payments.go": 1,
	"webhooks/webhooks.go": 1,
}

// machineTime are the files that use the machine's clock, and why no test has to control it there.
var machineTime = map[string]string{
	"einvoice/internal/seqino/client.go":     "the default of an injected clock",
	"payments/internal/powens/client.go":     "the default of an injected clock",
	"gateway/internal/paying/send.go":        "a deadline that another process meets: its clock is real",
	"gateway/internal/provider/return.go":    "a deadline that another process meets: its clock is real",
	"gateway/internal/web/download.go":       "the deadline of a connection",
	"gateway/internal/web/eventstream.go":    "the deadline of a connection",
	"payments/internal/powens/call.go":       "the deadline of a context",
	"portal/internal/live/live.go":           "the deadline of a connection",
	"portal/internal/web/middleware.go":      "how long a request took, for the log",
	"gateway/internal/web/middleware.go":     "how long a request took, for the log",
	"payments/internal/engine/metrics.go":    "how long a call took, for a metric",
	"gateway/internal/ratelimit/pool.go":     "how long a connection was idle",
	"gateway/internal/web/flood.go":          "what floods is slowed down as it comes",
	"webhooks/internal/delivery/liveness.go": "a process that was stopped must not believe in its leases, whatever its clock says",
}
