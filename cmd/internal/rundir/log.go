package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"european-pay.eu/eupay/internal/boot"
)

// LogFile is where the run writes its log; the one of the run before has .1 behind it.
func (s Settings) LogFile() string { return filepath.Join(s.Dir, "eupay.log") }

// OpenLog starts a new log file.
func (s Settings) OpenLog() (log *slog.Logger, closeLog func(), err error) {
	if err := os.Rename(s.LogFile(), s.LogFile()+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("keep the last log: %w", err)
	}
	f, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open the log: %w", err)
	}
	return boot.NewLogger(f, s.LogLevel), func() { f.Close() }, nil
}
