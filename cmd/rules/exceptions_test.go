package rules

// elsewhere are the SQL statements that do not stand in a store yet, by file. A number is only ever lowered.
var elsewhere = map[string]int{
	// The service asks once, when it starts, which key sealed its rows.
	"payments/payments.go": 1,
	"webhooks/webhooks.go": 1,
	// A package that is little more than its one table.
	"einvoice/internal/transmit/transmission.go": 1,
	"gateway/internal/postbox/postbox.go":        6,
	"payments/internal/merchant/merchant.go":     2,
	// A step of a process and its statement are one function. They come apart when the step is changed.
	"einvoice/internal/enrol/enroller.go":    6,
	"einvoice/internal/enrol/enrolment.go":   2,
	"einvoice/internal/enrol/run.go":         1,
	"einvoice/internal/ereport/make.go":      3,
	"einvoice/internal/ereport/send.go":      6,
	"einvoice/internal/ereport/sums.go":      2,
	"einvoice/internal/ereport/watch.go":     1,
	"einvoice/internal/ledger/change.go":     3,
	"einvoice/internal/ledger/collect.go":    3,
	"einvoice/internal/ledger/create.go":     3,
	"einvoice/internal/ledger/follow.go":     6,
	"einvoice/internal/ledger/operate.go":    4,
	"einvoice/internal/ledger/parts.go":      2,
	"einvoice/internal/ledger/read.go":       6,
	"einvoice/internal/ledger/receive.go":    2,
	"einvoice/internal/ledger/send.go":       5,
	"einvoice/internal/ledger/settle.go":     2,
	"gateway/internal/account/iban_hold.go":  2,
	"qr/internal/catalog/backfill.go":        5,
	"qr/internal/table/rpc_orders.go":        1,
	"webhooks/internal/delivery/backfill.go": 1,
	"webhooks/internal/delivery/disable.go":  3,
	"webhooks/internal/delivery/poll.go":     2,
	"webhooks/internal/delivery/proof.go":    2,
}

// machineTime are the files that look at the machine's clock, and why no test has to move it.
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
