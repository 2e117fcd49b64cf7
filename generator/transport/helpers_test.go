package transport

import (
	"context"
	"errors"
	"net"
	"testing"

	"rehearse/staging"
)

// staged is an endpoint on a port of the system's choosing.
type staged struct {
	server *staging.Server
	addr   string
}

// stagedOnLoopback serves an endpoint until stop, which waits for what is in
// progress.
func stagedOnLoopback(t *testing.T) (s staged, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = staged{staging.New(staging.Config{}), l.Addr().String()}
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(l) }()
	return s, func() {
		if err := errors.Join(s.server.Shutdown(context.Background()), <-done); err != nil {
			t.Error(err)
		}
	}
}

// answering is a peer that reads one request, answers it and hangs up.
func answering(text string) func(net.Conn) {
	return func(c net.Conn) {
		buffer := make([]byte, 64<<10)
		c.Read(buffer)
		c.Write([]byte(text))
		c.Close()
	}
}
