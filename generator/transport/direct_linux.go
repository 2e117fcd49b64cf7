package transport

import (
	"io"
	"net"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dialogue is a direct exchange over a socket.
type dialogue struct {
	into   []byte
	leave  func(fd uintptr) (wait bool)
	spoken bool // leave was called
	n      int
	err    error
	step   func(fd uintptr) (done bool)
}

// canDirect tells whether exchanges over the socket can be direct.
func (s *socket) canDirect() bool { return s.raw != nil }

// control has a function use the descriptor of the socket.
func (s *socket) control(use func(fd uintptr)) error { return s.raw.Control(use) }

// speak looks whether there is something to read, and if not calls leave and waits for it,
// if leave says so.
func (s *socket) speak(into []byte, leave func(fd uintptr) (wait bool)) (n int, err error) {
	t := &s.talk
	t.into, t.leave, t.spoken = into, leave, false
	if t.step == nil {
		t.step = t.look
	}
	return s.wait()
}

// wait goes on with what speak began, after a deadline.
func (s *socket) wait() (int, error) {
	t := &s.talk
	t.n, t.err = 0, nil
	err := s.raw.Read(t.step)
	switch {
	case err != nil:
		return 0, err
	case t.err != nil && t.err != unix.EAGAIN:
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", t.err)}
	case t.n == 0 && t.err == nil:
		return 0, io.EOF
	}
	return t.n, nil
}

// look reads. The poller was reset before it is asked first, so that no answer is missed:
// there is no need to try to read again after the request was written.
func (t *dialogue) look(fd uintptr) (done bool) {
	t.n, t.err = readNow(int(fd), t.into)
	if t.err != unix.EAGAIN {
		return true
	}
	if t.spoken {
		return false
	}
	t.spoken = true
	return !t.leave(fd)
}

// readNow and writeNow do what a socket does at once. The runtime is not told of the call:
// it takes the thread for busy, and leaves it the processor.

// readNow reads what there is; unix.EAGAIN: nothing.
func readNow(fd int, into []byte) (int, error) { return callNow(unix.SYS_READ, fd, into) }

// writeNow writes of two texts what the socket takes.
func writeNow(fd int, text, more []byte) (n int, err error) {
	if len(more) == 0 {
		n, err = callNow(unix.SYS_WRITE, fd, text)
	} else {
		n, err = writeBothNow(fd, text, more)
	}
	if err == unix.EAGAIN {
		return 0, nil
	}
	return n, err
}

// writeBothNow writes two texts that are not empty.
func writeBothNow(fd int, text, more []byte) (int, error) {
	both := [...]unix.Iovec{{Base: unsafe.SliceData(text)}, {Base: unsafe.SliceData(more)}}
	both[0].SetLen(len(text))
	both[1].SetLen(len(more))
	return callNow(unix.SYS_WRITEV, fd, both[:])
}

// callNow reads or writes.
func callNow[T any](call uintptr, fd int, text []T) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(call,
			uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}
