package payments

import (
	"context"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/services/payments/internal/archive"
)

// ArchiveConfig holds the settings of the service with which its archive is read.
type ArchiveConfig struct {
	boot.Plain
	archive.Config
}

// Archived is a row of a payment's history in the archive.
type Archived = archive.Entry

// ArchiveManifest says what an object of the archive holds.
type ArchiveManifest = archive.Manifest

// ArchiveFilter says which rows are wanted.
type ArchiveFilter = archive.Filter

// ArchiveReader reads the archive.
type ArchiveReader = archive.Reader

// ErrNotArchived means that there is no such object in the archive.
var ErrNotArchived = archive.ErrUnknown

// OpenArchive returns a reader of the archive, and a function that closes its connections. Without an endpoint in the settings it can list, and read
// nothing.
func OpenArchive(ctx context.Context, cfg ArchiveConfig) (ArchiveReader, func(), error) {
	pool, err := cfg.OpenPool(ctx, "payments")
	if err != nil {
		return ArchiveReader{}, nil, err
	}
	if cfg.Endpoint == "" {
		return ArchiveReader{DB: pool, Objects: archive.Nowhere{}}, pool.Close, nil
	}
	store, err := archive.OpenStore(cfg.Config)
	if err != nil {
		pool.Close()
		return ArchiveReader{}, nil, err
	}
	return ArchiveReader{DB: pool, Objects: store}, func() { store.Close(); pool.Close() }, nil
}
