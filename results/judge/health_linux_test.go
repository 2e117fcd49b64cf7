package judge

import (
	"slices"
	"testing"
)

func TestLinuxTexts(t *testing.T) {
	t.Parallel()
	if all, idle := machineTicks([]byte("cpu  10 1 5 80 2 0 1 1 7 7\ncpu0 1 1 1 1\n")); all != 100 || idle != 82 {
		t.Errorf("%d ticks, %d idle, want 100 and 82", all, idle)
	}
	if all, _ := machineTicks(nil); all != 0 {
		t.Errorf("%d ticks of nothing", all)
	}
	periods, throttled := throttling([]byte("usage_usec 5\nnr_periods 40\nnr_throttled 31\nthrottled_usec 9\n"))
	if periods != 40 || throttled != 31 {
		t.Errorf("%d of %d periods", throttled, periods)
	}
	for text, want := range map[string]float64{
		"10000 100000":  0.1,
		"max 100000":    0,
		"-1 100000":     0,
		"300000 100000": 3,
		" ":             0,
	} {
		quota, period := text[:slices.Index([]byte(text), ' ')], text[slices.Index([]byte(text), ' ')+1:]
		if got := cores(quota, period); got != want {
			t.Errorf("%q: %v cores, want %v", text, got, want)
		}
	}
	// A segment for which there is no room counts as RcvPruned and as TCPRcvQDrop.
	netstat := []byte("TcpExt: SyncookiesSent TCPBacklogDrop RcvPruned TCPRcvQDrop ListenOverflows\nTcpExt: 9 4 3 " +
		"3 2\nIpExt: TCPOFODrop InOctets\nIpExt: 1\nTorn: TCPBacklogDrop\n")
	// 4 + 3 + 1
	drops, overflows := counters(netstat, outOfBuffers...), counters(netstat, "ListenOverflows")
	if drops != 8 || overflows != 2 {
		t.Errorf("%d drops and %d overflows, want 8 and 2", drops, overflows)
	}
	if got := runDelay("testdata/task"); got != 152402+1000 { // two threads, one of them without schedstat
		t.Errorf("run delay of all threads: %v", got)
	}
	dirs := cgroupDirs([]byte("4:memory:/a\n1:cpu,cpuacct:/b\n0::/c\nnonsense\n"))
	want := []string{"/sys/fs/cgroup/cpu,cpuacct/b", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/c", "/sys/fs/cgroup"}
	if !slices.Equal(dirs, want) {
		t.Errorf("%v, want %v", dirs, want)
	}
}
