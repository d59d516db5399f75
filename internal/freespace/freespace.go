// Package freespace returns the free space of a file system.
package freespace

import "syscall"

// In returns how many bytes can be written below dir; ok is false if that is unknown.
func In(dir string) (bytes uint64, ok bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, false
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), true //nolint:unconvert // the types differ between systems
}
