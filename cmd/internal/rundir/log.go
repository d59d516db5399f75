package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"european-pay.eu/eupay/internal/run/boot"
)

// logLimit is the size at which a new log is started. With the previous one, twice as much is on the disk.
const logLimit = 64 << 20

// LogFile returns the path of the run's log. The previous log has the suffix .1.
func (s Settings) LogFile() string { return filepath.Join(s.Dir, "eupay.log") }

// OpenLog starts a new log file.
func (s Settings) OpenLog() (log *slog.Logger, closeLog func(), err error) {
	f := &logFile{path: s.LogFile(), limit: logLimit}
	if err := f.begin(); err != nil {
		return nil, nil, err
	}
	return boot.NewLogger(f, s.LogLevel), f.close, nil
}

// logFile is a file that is rotated when it is full.
type logFile struct {
	path  string
	limit int64

	mu   sync.Mutex
	file *os.File
	size int64
}

// begin renames the existing log to the previous one, and starts a new one.
func (l *logFile) begin() error {
	if err := os.Rename(l.path, l.path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the last log: %w", err)
	}
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	l.file, l.size = f, 0
	return nil
}

// Write appends a line.
func (l *logFile) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+int64(len(line)) > l.limit && l.size > 0 {
		full := l.file
		if err := l.begin(); err == nil {
			full.Close()
		} // otherwise the full one is continued: a log that is too long is better than none
	}
	n, err := l.file.Write(line)
	l.size += int64(n)
	return n, err
}

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file.Close()
}
