package judge

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"time"
)

// process is what this process has used so far.
type process struct {
	cpu  time.Duration // user and system
	peak int64         // most bytes resident at once
}

// measureProcess asks the operating system. The peak is Linux's VmHWM where
// there is one: ru_maxrss there still counts what the parent was before exec.
func measureProcess() process {
	p := usage()
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if peak, ok := highWater(status); ok {
			p.peak = peak
		}
	}
	return p
}

// highWater finds VmHWM, in bytes, in the text of /proc/<pid>/status.
func highWater(status []byte) (int64, bool) {
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		rest, found := bytes.CutPrefix(lines.Bytes(), []byte("VmHWM:"))
		if !found {
			continue
		}
		kilobytes, isKB := bytes.CutSuffix(bytes.TrimSpace(rest), []byte(" kB"))
		n, err := strconv.ParseInt(string(kilobytes), 10, 64)
		return n << 10, isKB && err == nil
	}
	return 0, false
}
