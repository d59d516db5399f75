package boot

import (
	"time"

	"european-pay.eu/eupay/internal/run/trace"
)

// Plain holds the settings of a service that has a database, but neither the broker nor gRPC.
type Plain struct {
	// DatabaseURL is of PostgreSQL, with the role of the service: postgres://user:password@host/database. It may name several hosts.
	DatabaseURL string `env:"EUPAY_DATABASE_URL,required"`
	// DatabaseConns is how many connections this replica opens at most. 0: the service's share of PostgreSQL's default of 100 connections.
	DatabaseConns int32 `env:"EUPAY_DATABASE_CONNS"`
	// DatabasePooling is "session" for PostgreSQL itself or a pooler that gives each client a connection of its own, "transaction"
	// for a pooler that gives it one for each transaction. Then DatabaseDirectURL leads to PostgreSQL itself, for migrations.
	DatabasePooling   string `env:"EUPAY_DATABASE_POOLING" envDefault:"session"`
	DatabaseDirectURL string `env:"EUPAY_DATABASE_DIRECT_URL"`
	// DatabaseReadURL is of a replica of the database (a hot standby), with the role of the service: lists, summaries and exports are read there
	// while it is fresh enough. Empty: from the primary.
	DatabaseReadURL string `env:"EUPAY_DATABASE_READ_URL"`
	// DatabaseReadConns is how many of the connections are for lists, summaries and exports; as many are opened at the replica besides. 0: a
	// third. With less than five connections there are none of their own.
	DatabaseReadConns int32 `env:"EUPAY_DATABASE_READ_CONNS"`
	// DatabaseReadTimeout is how long a statement of a list, a summary or an export may take at the server.
	DatabaseReadTimeout time.Duration `env:"EUPAY_DATABASE_READ_TIMEOUT" envDefault:"15s"`
	// DatabaseReadLag is how old what the replica has may be. Beyond it the primary is read.
	DatabaseReadLag time.Duration `env:"EUPAY_DATABASE_READ_LAG" envDefault:"5s"`
	// Migrations is "apply" where the role of the service owns its schema: the service migrates it when it starts. It is "wait" where the
	// role may only read and write rows: the service waits until somebody else has applied its migrations (eupayctl database migrate).
	Migrations string `env:"EUPAY_MIGRATIONS" envDefault:"apply"`
	// DatabasePlainStartup omits the keepalive settings of the server, which some connection poolers refuse.
	DatabasePlainStartup bool `env:"EUPAY_DATABASE_PLAIN_STARTUP" envDefault:"false"`
	// ManagementAddr is where health and metrics are served. Default: a free port on loopback.
	ManagementAddr string `env:"EUPAY_MANAGEMENT_ADDR"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `env:"EUPAY_LOG_LEVEL" envDefault:"info"`
	// Grace is the deadline between a stop signal and the end of the process.
	Grace time.Duration `env:"EUPAY_GRACE" envDefault:"20s"`
	// Tracing says where traces are sent.
	Tracing trace.Settings
}
