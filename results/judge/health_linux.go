package judge

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rehearse/internal/schedstat"
)

// askSystem reads what Linux tells about the process, its cgroup and the machine.
func (r *reading) askSystem() {
	if text, err := os.ReadFile("/proc/stat"); err == nil {
		r.machine, r.idle = machineTicks(text)
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		r.files = len(open)
	}
	r.askNetwork()
	r.waited = runDelay("/proc/self/task")
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < 1<<31 {
		r.maxFiles = int(limit.Cur)
	}
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return
	}
	for _, dir := range cgroupDirs(text) {
		if stat, err := os.ReadFile(filepath.Join(dir, "cpu.stat")); err == nil {
			r.periods, r.throttled = throttling(stat)
			r.quota = quotaOf(dir)
			if r.periods > 0 || r.quota > 0 {
				return
			}
		}
	}
}

// runDelay adds up how long the threads listed in a directory were runnable but did
// not run: the sum of their run delays.
func runDelay(tasks string) (sum time.Duration) {
	threads, _ := os.ReadDir(tasks)
	for _, thread := range threads {
		if text, err := os.ReadFile(filepath.Join(tasks, thread.Name(), "schedstat")); err == nil { // it may have ended
			sum += schedstat.RunDelay(text)
		}
	}
	return sum
}

// machineTicks reads the first line of /proc/stat: user, nice, system, idle,
// iowait, irq, softirq and steal, in ticks of all processors (proc_stat(5)).
func machineTicks(text []byte) (all, idle uint64) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	for i := 1; i < min(len(fields), 9); i++ {
		n, _ := strconv.ParseUint(string(fields[i]), 10, 64)
		all += n
		if i == 4 || i == 5 {
			idle += n
		}
	}
	return all, idle
}

// cgroupDirs are where the CPU controller of the process may be, of version 2
// and of version 1. In a container the path within the host's tree may not
// exist: there the root is the container's own.
func cgroupDirs(text []byte) (dirs []string) {
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		root := "/sys/fs/cgroup"
		switch {
		case parts[1] == "":
		case strings.Contains(","+parts[1]+",", ",cpu,"):
			root = filepath.Join(root, parts[1])
		default:
			continue
		}
		dirs = append(dirs, filepath.Join(root, parts[2]), root)
	}
	return dirs
}

// throttling reads nr_periods and nr_throttled of a cpu.stat.
func throttling(text []byte) (periods, throttled int64) {
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "nr_periods":
			periods = n
		case "nr_throttled":
			throttled = n
		}
	}
	return periods, throttled
}

// quotaOf is how many cores a cgroup may use, 0 if as many as there are.
func quotaOf(dir string) float64 {
	if text, err := os.ReadFile(filepath.Join(dir, "cpu.max")); err == nil {
		quota, period, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
		return cores(quota, period)
	}
	quota, _ := os.ReadFile(filepath.Join(dir, "cpu.cfs_quota_us"))
	period, _ := os.ReadFile(filepath.Join(dir, "cpu.cfs_period_us"))
	return cores(strings.TrimSpace(string(quota)), strings.TrimSpace(string(period)))
}

// cores is quota ÷ period; "max" and -1 are no quota.
func cores(quota, period string) float64 {
	q, err := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err != nil || err2 != nil || q <= 0 || p <= 0 {
		return 0
	}
	return q / p
}

// outOfBuffers are the counters of what TCP threw away, or gave up, because a
// buffer or its memory was full (include/uapi/linux/snmp.h). RcvPruned is not among
// them: what it counts is then thrown away as TCPRcvQDrop or TCPOFODrop
// (net/ipv4/tcp_input.c, tcp_try_rmem_schedule).
var outOfBuffers = []string{
	"TCPBacklogDrop", "TCPRcvQDrop", "TCPZeroWindowDrop", "TCPOFODrop", "TCPWqueueTooBig", "TCPAbortOnMemory",
}

// askNetwork reads what the network stack of this machine, or of this container,
// has counted since it came up.
func (r *reading) askNetwork() {
	if text, err := os.ReadFile("/proc/self/net/netstat"); err == nil {
		r.dropped = counters(text, outOfBuffers...)
		r.overflows = counters(text, "ListenOverflows")
	}
	if text, err := os.ReadFile("/proc/self/net/snmp"); err == nil {
		r.resent, r.segments = counters(text, "RetransSegs"), counters(text, "OutSegs")
	}
}

// counters adds up the counters of these names in a text of pairs of lines, names
// above values, as in /proc/net/netstat.
func counters(text []byte, names ...string) (sum int64) {
	lines := bytes.Split(text, []byte("\n"))
	for i := 0; i+1 < len(lines); i += 2 {
		values := bytes.Fields(lines[i+1])
		for j, name := range bytes.Fields(lines[i]) {
			if j < len(values) && slices.Contains(names, string(name)) {
				n, _ := strconv.ParseInt(string(values[j]), 10, 64)
				sum += n
			}
		}
	}
	return sum
}
