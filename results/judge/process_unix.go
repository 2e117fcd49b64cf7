//go:build unix

package judge

import (
	"runtime"
	"syscall"
	"time"
)

// usage is what getrusage says. ru_maxrss is in bytes on Darwin and in
// kilobytes elsewhere.
func usage() process {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return process{}
	}
	peak := int64(u.Maxrss)
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		peak <<= 10
	}
	return process{cpu: time.Duration(u.Utime.Nano() + u.Stime.Nano()), peak: peak}
}
