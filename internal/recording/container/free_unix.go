//go:build linux || darwin

package container

import "golang.org/x/sys/unix"

// freeDisk is how many bytes may still be written where a directory lies, -1 if that
// is not known.
func freeDisk(dir string) int64 {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
