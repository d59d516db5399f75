//go:build !linux

package child

import "syscall"

// endWithParent is not available on this system: processes left behind by a killed run must be stopped by hand or by the next
// run.
func endWithParent(*syscall.SysProcAttr, syscall.Signal) {}
