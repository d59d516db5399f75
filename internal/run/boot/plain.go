package boot

import "time"

// Plain holds the settings of a service that has a database, but neither the broker nor gRPC.
type Plain struct {
	DatabaseURL string `env:"EUPAY_DATABASE_URL,required"`
	// DatabaseConns is the size of the pool.
	DatabaseConns int32 `env:"EUPAY_DATABASE_CONNS" envDefault:"16"`
	// DatabasePlainStartup omits the keepalive settings of the server, which some connection poolers refuse.
	DatabasePlainStartup bool `env:"EUPAY_DATABASE_PLAIN_STARTUP" envDefault:"false"`
	// ManagementAddr is where health and metrics are served. Default: a free port on loopback.
	ManagementAddr string `env:"EUPAY_MANAGEMENT_ADDR"`
	LogLevel       string `env:"EUPAY_LOG_LEVEL" envDefault:"info"`
	// Grace is the deadline between a stop signal and the end of the process.
	Grace time.Duration `env:"EUPAY_GRACE" envDefault:"20s"`
}
