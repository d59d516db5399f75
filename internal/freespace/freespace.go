// Package freespace tells how much room a file system has left.
package freespace

import "syscall"

// In is how many bytes may still be written below dir; ok is false when that cannot be told.
func In(dir string) (bytes uint64, ok bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, false
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), true //nolint:unconvert // the types differ between systems
}
