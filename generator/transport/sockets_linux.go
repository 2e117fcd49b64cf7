package transport

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"rehearse/results"
)

// The words of SO_MEMINFO (include/uapi/linux/sock_diag.h).
const (
	memInfoDrops = 8 // SK_MEMINFO_DROPS
	memInfoWords = 9
)

// socketCounts is what the kernel has counted for a connection: tcp(7), TCP_INFO, and
// socket(7), SO_MEMINFO.
func socketCounts(fd int) (c results.Sockets) {
	if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
		c.Segments, c.Again = int64(info.Segs_out), int64(info.Total_retrans)
	}
	var words [memInfoWords]uint32
	size := uint32(unsafe.Sizeof(words))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&words)), uintptr(unsafe.Pointer(&size)), 0)
	if errno == 0 {
		c.Drops = int64(words[memInfoDrops])
	}
	return c
}
