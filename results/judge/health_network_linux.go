package judge

import (
	"bytes"
	"os"
	"slices"
	"strconv"
)

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
