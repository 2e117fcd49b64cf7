package staging

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

// piped is a listener whose connections are made by hand, and know deadlines.
type piped struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l piped) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, io.EOF
	}
}

func (l piped) Close() error { close(l.done); return nil }

func (l piped) Addr() net.Addr { return &net.TCPAddr{} }

// TestShutdownWithSlowClients: who does not send a request to its end does not keep
// the endpoint from ending; who waits for an answer gets it.
func TestShutdownWithSlowClients(t *testing.T) {
	t.Parallel()
	// A response has a date, which keeps a goroutine for ever: not in a bubble.
	if _, err := new(fasthttp.Response).WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	const served = 3 * time.Second
	head := "POST /e HTTP/1.1\r\nHost: x\r\n"
	for _, row := range []struct {
		name, sent string
		want       time.Duration // after Shutdown, which polls ten times a second
	}{
		{"nothing", "", onItsWay},
		{"half a head", head, onItsWay},
		{"half a body", head + "Content-Length: 9\r\n\r\n{", onItsWay},
		{"a request", head + "Content-Length: 1\r\n\r\n{", served},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := piped{make(chan net.Conn), make(chan struct{})}
			s := New(Config{Delay: served})
			done := make(chan error)
			go func() { done <- s.Serve(l) }()
			c, far := net.Pipe()
			l.conns <- far
			if _, err := io.WriteString(c, row.sent); err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, c)
			synctest.Wait()
			begin := time.Now()
			if err := s.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took < row.want || took > row.want+200*time.Millisecond {
				t.Errorf("%s: it took %v, want %v", row.name, took, row.want)
			}
			c.Close()
			if err := <-done; err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute) // lets the cleaners end
		})
	}
}

// TestShutdownDoesNotWaitForEver: what takes longer than it may is counted, with why.
func TestShutdownDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := piped{make(chan net.Conn), make(chan struct{})}
		s := New(Config{Delay: time.Minute})
		done := make(chan error)
		go func() { done <- s.Serve(l) }()
		c, far := net.Pipe()
		l.conns <- far
		if _, err := io.WriteString(c, "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		go io.Copy(io.Discard, c)
		synctest.Wait()
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, io.ErrNoProgress)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, io.ErrNoProgress) || !strings.Contains(err.Error(), "requests (1)") {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour) // lets the request and the cleaners end
		c.Close()
	})
}
