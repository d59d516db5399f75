package pgbinaries

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/google/uuid"
)

// The settings of the child process that downloads.
const (
	envPlace      = "EUPAY_POSTGRES_DOWNLOAD_PLACE"
	envRepository = "EUPAY_POSTGRES_DOWNLOAD_REPOSITORY"
)

const firstStartLimit = time.Minute

// Child does not return in a process that download started: it downloads and exits. Call it first in main.
func Child() {
	place := os.Getenv(envPlace)
	if place == "" {
		return
	}
	if err := fetch(place, os.Getenv(envRepository)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// wanted returns the version to download: that of the cluster in dir, else the package's newest.
func wanted(dir string) (embeddedpostgres.PostgresVersion, error) {
	content, err := os.ReadFile(filepath.Join(dir, "data", "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return embeddedpostgres.V18, nil
	}
	if err != nil {
		return "", fmt.Errorf("read the version of the private PostgreSQL: %w", err)
	}
	major := strings.TrimSpace(string(content))
	for _, v := range []embeddedpostgres.PostgresVersion{
		embeddedpostgres.V18, embeddedpostgres.V17, embeddedpostgres.V16, embeddedpostgres.V15,
	} {
		if strings.HasPrefix(string(v), major+".") {
			return v, nil
		}
	}
	return "", fmt.Errorf("the cluster in %s was made by PostgreSQL %s: install that version", dir, major)
}

// fetch downloads and unpacks the version after which place is named, starts a temporary server to check that the binaries run on
// this machine, and only then moves them into place.
func fetch(place, repository string) error {
	work := place + ".unfinished"
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("clear %s: %w", work, err)
	}
	config, err := trial(place, work, repository)
	if err != nil {
		return err
	}
	server := embeddedpostgres.NewDatabase(config)
	if err := server.Start(); err != nil {
		return err
	}
	if err := server.Stop(); err != nil {
		return fmt.Errorf("stop the trial: %w", err)
	}
	if err := os.Rename(filepath.Join(work, "binaries"), place); err != nil {
		return fmt.Errorf("keep the binaries: %w", err)
	}
	return os.RemoveAll(work)
}

func trial(place, work, repository string) (embeddedpostgres.Config, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return embeddedpostgres.Config{}, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	config := embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.PostgresVersion(filepath.Base(place))).
		CachePath(filepath.Join(work, "archive")).
		BinariesPath(filepath.Join(work, "binaries")).
		RuntimePath(filepath.Join(work, "runtime")).
		DataPath(filepath.Join(work, "data")).
		Port(uint32(port)).
		Password(uuid.NewString()).
		Locale("C").
		StartParameters(map[string]string{"unix_socket_directories": ""}).
		StartTimeout(firstStartLimit).
		Logger(io.Discard)
	if repository != "" {
		config = config.BinaryRepositoryURL(strings.TrimRight(repository, "/"))
	}
	return config, l.Close()
}
