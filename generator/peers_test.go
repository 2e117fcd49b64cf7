package generator

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"rehearse/internal/capture"
)

// TestFailingPeers: each way in which an endpoint can fail a request has its
// reason, and the run goes on.
func TestFailingPeers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		peer func(net.Conn)
		want capture.Reason
	}{
		{"closes at once", func(c net.Conn) { c.Close() }, capture.BrokenWhileSending},
		{"closes without a word", answering(""), capture.ClosedBeforeAnswer},
		{"never answers", func(c net.Conn) { drain(c) }, capture.AnswerTimeout},
		{"speaks another protocol", answering("SSH-2.0-OpenSSH_9.6\r\n\r\n"), capture.GarbledAnswer},
		{"breaks off in the head", answering("HTTP/1.1 200 OK\r\nContent-Le"), capture.BrokenWhileReading},
		{"breaks off in the body", answering("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"sta"), capture.BrokenWhileReading},
		{"falls silent in the head", silent("HTTP/1.1 200 OK\r\nContent-Le"), capture.AnswerTimeout},
		{"falls silent after the head", silent("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n"), capture.AnswerTimeout},
		{"falls silent in the body", silent("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"sta"), capture.AnswerTimeout},
		{"falls silent in a chunk", silent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{\"sta"), capture.AnswerTimeout},
		{"falls silent between chunks", silent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"sta\r\n"), capture.AnswerTimeout},
		{"answers without end", func(c net.Conn) { flood(c) }, capture.OversizedAnswer},
		{"is a login page", answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\n\r\n<html></html>"), capture.UnknownAnswer},
		{"redirects", answering("HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"), capture.Redirected},
		{"is overloaded", answering("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), capture.Unavailable},
		{"closes after each answer", answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{\"status\":1}"), capture.Accepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := load(t, "const(100, 2s)", "")
				var peers sync.WaitGroup
				r := stageRun{scenario: s, dial: func(context.Context, string) (net.Conn, error) {
					client, server := net.Pipe()
					peers.Go(func() { c.peer(server) })
					return client, nil
				}}
				r.run(t)
				peers.Wait()
				r.balance(t)
				got := r.total.Fates[capture.FateAccepted].Requests
				if c.want != capture.Accepted {
					got = 0
					for refusal, n := range r.total.Refusals {
						if refusal.Reason == c.want {
							got = n.Requests
						}
					}
				}
				if got != 20 {
					t.Errorf("%d of 20 requests are %v, others: %+v", got, c.want, r.total.Refusals)
				}
			})
		})
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

// silent is a peer that answers like that, and neither goes on nor hangs up.
func silent(text string) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 64<<10))
		c.Write([]byte(text))
		drain(c)
	}
}

// drain reads until the other side gives up.
func drain(c net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		if _, err := c.Read(buffer); err != nil {
			c.Close()
			return
		}
	}
}

// flood answers with a body that does not end.
func flood(c net.Conn) {
	buffer := make([]byte, 64<<10)
	c.Read(buffer)
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
	for {
		if _, err := c.Write(buffer); err != nil {
			c.Close()
			return
		}
	}
}
