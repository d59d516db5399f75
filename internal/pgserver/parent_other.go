//go:build !linux

package pgserver

import "syscall"

// endWithParent does nothing here: a server that a killed run leaves behind is ended by the next Start.
func endWithParent(*syscall.SysProcAttr) {}
