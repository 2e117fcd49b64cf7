package transport

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// speaker is an endpoint on a socket, which says on each connection what its
// script has for the request of that number, the last for all others. "|" parts two
// writes, of which the second waits until the client has read the first; "#" hangs
// up, "!" resets the connection, and "~" shuts down the sending half.
type speaker struct {
	listener net.Listener
	script   []string
	said     chan struct{} // after each answer
	more     chan struct{} // lets it go on behind |
}

func newSpeaker(t *testing.T, script ...string) *speaker {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveScript(t, listener, script)
}

func serveScript(t *testing.T, listener net.Listener, script []string) *speaker {
	t.Cleanup(func() { listener.Close() })
	s := &speaker{listener, script, make(chan struct{}, 1), make(chan struct{})}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

func (s *speaker) serve(c net.Conn) {
	defer c.Close()
	from := bufio.NewReader(c)
	for k := 0; ; k++ {
		request, err := http.ReadRequest(from)
		if err != nil {
			return
		}
		io.Copy(io.Discard, request.Body)
		first, second, parted := strings.Cut(s.script[min(k, len(s.script)-1)], "|")
		end := say(c, first)
		s.said <- struct{}{}
		if parted {
			<-s.more
			end = say(c, second)
			s.said <- struct{}{}
		}
		if end {
			return
		}
	}
}

// say says a part of a script, and tells whether the connection has ended.
func say(c net.Conn, text string) (end bool) {
	mark := text[len(text)-1]
	if strings.IndexByte("#!~", mark) < 0 {
		io.WriteString(c, text)
		return false
	}
	io.WriteString(c, text[:len(text)-1])
	switch mark {
	case '!':
		c.(*net.TCPConn).SetLinger(0)
	case '~':
		c.(*net.TCPConn).CloseWrite()
		return false
	}
	return true
}

// heard waits until something has arrived on the connection of w, or its end.
func heard(w *Conn) {
	for w.conn.open != nil {
		ready := 0
		w.conn.open.socket.raw.Control(func(fd uintptr) {
			ready, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		})
		if ready > 0 {
			return
		}
		runtime.Gosched()
	}
}
