package rundir

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"european-pay.eu/eupay/internal/freespace"
)

// fullBelow is the free space, in bytes, below which any failure is attributed to the full disk.
const fullBelow = 8 << 20

const noSpace = "no space left on device"

// Explain replaces the error of a run by one sentence if the cause is a full disk.
func (s Settings) Explain(err error) error {
	if err == nil {
		return nil
	}
	if cause := fullDisk(err); cause != "" {
		return full(cause)
	}
	if free, ok := freespace.In(s.Dir); ok && free < fullBelow {
		return full(fmt.Sprintf("%d MB are free for %s", free>>20, s.Dir))
	}
	return err
}

// SeeLog adds the path of the log, unless the log is empty.
func (s Settings) SeeLog(err error) error {
	if info, statErr := os.Stat(s.LogFile()); statErr != nil || info.Size() == 0 {
		return err
	}
	return fmt.Errorf("%w\nThe log is %s", err, s.LogFile())
}

func full(cause string) error {
	return fmt.Errorf("the disk is full (%s): remove something, or set EUPAY_RUN_DIR to a folder elsewhere", cause)
}

// fullDisk returns the part of the error that says that the disk is full, in our words or those of PostgreSQL's programs; else
// empty.
func fullDisk(err error) string {
	if errors.Is(err, syscall.EDQUOT) {
		return err.Error()
	}
	for line := range strings.Lines(err.Error()) {
		if strings.Contains(strings.ToLower(line), noSpace) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
