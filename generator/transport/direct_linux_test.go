package transport

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
)

// spokenTo returns a connection on which the first request was accepted, so that the next
// can be exchanged directly, and its other side.
func spokenTo(t *testing.T, hard context.Context) (*Conn, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	accepted := make(chan net.Conn, 1)
	go func() {
		peer, err := listener.Accept()
		if err != nil {
			return
		}
		peer.Read(make([]byte, 4096))
		io.WriteString(peer, yes)
		accepted <- peer
	}()
	c := New(hard, &Destination{
		URL: parseURL(t, "http://"+listener.Addr().String()), UserAgent: "test", Timeout: time.Minute, Dial: Loopback(time.Minute),
	})
	t.Cleanup(c.Close)
	var o results.Outcome
	prepare(c, "{}")
	if c.Exchange(&o); o.Reason != capture.Accepted {
		t.Fatalf("the first: %v", o.Reason)
	}
	peer := <-accepted
	t.Cleanup(func() { peer.Close() })
	return c, peer
}

// prepare prepares a request.
func prepare(c *Conn, text string) {
	c.Prepare(&body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte(text)}, Attempt{}, 0)
}

// TestNotHandedOver: a request that no other goroutine can write stays what it was.
func TestNotHandedOver(t *testing.T) {
	t.Parallel()
	never := func(Ticket) { t.Error("it was handed over") }
	c, peer := spokenTo(t, t.Context())
	var o results.Outcome
	if prepare(c, strings.Repeat("large ", 20_000)); c.ExchangeAt(&o, 0, never) {
		t.Error("it is too large")
	}
	prepare(c, "{}")
	peer.Close()
	if heard(c); c.ExchangeAt(&o, 0, never) || c.conn.open != nil {
		t.Error("its connection is closed")
	}
	if c.ExchangeAt(&o, 0, never) {
		t.Error("it has none")
	}
}

// TestHandedOverBeforeTheEnd: what was handed over and does not leave is known not to have:
// because it was withdrawn, the endpoint hung up or spoke first, or the run was given up.
func TestHandedOverBeforeTheEnd(t *testing.T) {
	t.Parallel()
	hard, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	for name, happens := range map[string]func(*Conn, net.Conn, Ticket){
		"withdrawn":   func(c *Conn, _ net.Conn, t Ticket) { c.Withdraw(t) },
		"refused":     func(c *Conn, _ net.Conn, t Ticket) { c.Leave(t, func() bool { return false }) },
		"hung up":     func(_ *Conn, peer net.Conn, _ Ticket) { peer.Close() },
		"spoken":      func(_ *Conn, peer net.Conn, _ Ticket) { io.WriteString(peer, busy) },
		"it rested":   func(_ *Conn, peer net.Conn, _ Ticket) { io.WriteString(peer, "HTTP/1.1 408 Request Timeout\r\n\r\n") },
		"it was shut": func(_ *Conn, peer net.Conn, _ Ticket) { peer.(*net.TCPConn).CloseWrite() },
	} {
		c, peer := spokenTo(t, hard)
		prepare(c, "{}")
		var o results.Outcome
		var ticket Ticket
		if c.ExchangeAt(&o, time.Hour, func(is Ticket) { ticket = is; go happens(c, peer, is) }) {
			t.Errorf("%s: %v", name, o.Reason)
		}
		if kept := name == "withdrawn" || name == "refused"; kept != (c.conn.open != nil) || c.Written() != 0 || (c.conn.early == 1) != (name == "spoken") {
			t.Errorf("%s: %d bytes were written, %d times spoken", name, c.Written(), c.conn.early)
		}
		c.Leave(ticket, func() bool { t.Errorf("%s: it leaves", name); return false })
		c.Withdraw(ticket)
		if c.conn.open != nil { // then it goes on
			go func() {
				peer.Read(make([]byte, 4096))
				io.WriteString(peer, yes)
			}()
			if c.Exchange(&o); o.Reason != capture.Accepted || o.Connect.Tried {
				t.Errorf("%s: then %v, %+v", name, o.Reason, o.Connect)
			}
		}
	}
	c, _ := spokenTo(t, hard)
	prepare(c, "{}")
	var o results.Outcome
	if c.ExchangeAt(&o, time.Hour, func(Ticket) { giveUp() }) {
		t.Errorf("given up: %v", o.Reason)
	}
	if c.Exchange(&o); o.Reason != capture.Abandoned {
		t.Errorf("given up: %v", o.Reason)
	}
}

// TestDirectDeadline: the time of an exchange ends when it should, whatever deadline the
// exchange before left behind, and a request that is handed over has its time from when
// it is due.
func TestDirectDeadline(t *testing.T) {
	t.Parallel()
	for way, exchange := range ways {
		c, peer := spokenTo(t, t.Context())
		c.timeout = 50 * time.Millisecond
		c.conn.open.Conn.SetDeadline(time.Unix(1, 0))
		go func() {
			peer.Read(make([]byte, 4096))
			io.WriteString(peer, yes[:len(yes)-5])
			peer.Read(make([]byte, 1)) // until the client has had enough
		}()
		var o results.Outcome
		began := time.Now()
		prepare(c, "{}")
		exchange(c, &o)
		if took := time.Since(began); o.Reason != capture.AnswerTimeout || took < 50*time.Millisecond || o.Connect.Tried {
			t.Errorf("%s: %v after %v", way, o.Reason, took)
		}
	}
	c, peer := spokenTo(t, t.Context())
	c.timeout = 20 * time.Millisecond
	go func() {
		peer.Read(make([]byte, 4096))
		io.WriteString(peer, yes)
	}()
	var o results.Outcome
	prepare(c, "{}")
	late := func(is Ticket) {
		time.AfterFunc(60*time.Millisecond, func() { c.Leave(is, func() bool { return true }) })
	}
	if !c.ExchangeAt(&o, time.Hour, late) || o.Reason != capture.Accepted {
		t.Errorf("written after 60 ms: %v", o.Reason)
	}
}

// TestDirectIntoAFullSocket: of what the socket does not take at once the rest follows,
// whether it was part of the head's buffer or not.
func TestDirectIntoAFullSocket(t *testing.T) {
	t.Parallel()
	for way, exchange := range ways {
		for _, size := range []int{7_000, 8_100, 60_000} {
			c, peer := spokenTo(t, t.Context())
			peer.(*net.TCPConn).SetReadBuffer(1)
			c.conn.open.socket.Conn.(*net.TCPConn).SetWriteBuffer(1)
			sent := make(chan string)
			text := strings.Repeat("0123456789", size/10)
			go func() {
				got := make([]byte, 0, 128<<10)
				for !strings.HasSuffix(string(got), text) {
					n, err := peer.Read(got[len(got):cap(got)])
					if got = got[:len(got)+n]; err != nil {
						break
					}
				}
				io.WriteString(peer, yes)
				sent <- string(got)
			}()
			var o results.Outcome
			prepare(c, text)
			exchange(c, &o)
			if got := <-sent; o.Reason != capture.Accepted || strings.Count(got, "POST ") != 1 || len(got) != int(o.WireBytes) {
				t.Errorf("%s: %v, %d bytes arrived of %d", way, o.Reason, len(got), o.WireBytes)
			}
		}
	}
}

// hookedConn is a connection with which something happens right before a deadline is set.
type hookedConn struct {
	net.Conn
	before func()
}

func (c hookedConn) SetDeadline(t time.Time) error {
	c.before()
	return c.Conn.SetDeadline(t)
}

// TestKeptBackAtADeadline: a request that is withdrawn just when the deadline of the exchange
// before is replaced still ends the wait for its answer.
func TestKeptBackAtADeadline(t *testing.T) {
	t.Parallel()
	c, peer := spokenTo(t, t.Context())
	defer time.AfterFunc(2*time.Second, func() { peer.Close() }).Stop()
	var ticket Ticket
	c.conn.open.socket.Conn = hookedConn{c.conn.open.socket.Conn, func() { c.Withdraw(ticket) }}
	prepare(c, "{}")
	var o results.Outcome
	hand := func(is Ticket) {
		ticket = is
		c.conn.open.endWait() // that of the exchange before is over
	}
	if c.ExchangeAt(&o, time.Hour, hand) || c.conn.open == nil {
		t.Errorf("it waited for the endpoint: %v", o.Reason)
	}
}

// TestDirectAllocatesNothing: an exchange takes no memory that was not there before.
func TestDirectAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("the race detector takes memory of its own")
	}
	c, peer := spokenTo(t, t.Context())
	go func() {
		request, answer := make([]byte, 4096), []byte(yes)
		for {
			if _, err := peer.Read(request); err != nil {
				return
			}
			peer.Write(answer)
		}
	}()
	r := &body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte("{}")}
	var o results.Outcome
	may := func() bool { return true }
	hand := func(t Ticket) { c.Leave(t, may) }
	for way, exchange := range map[string]func(){
		"direct":      func() { c.Exchange(&o) },
		"handed over": func() { c.ExchangeAt(&o, 0, hand) },
	} {
		if n := testing.AllocsPerRun(200, func() {
			c.Prepare(r, Attempt{}, 0)
			exchange()
		}); n != 0 || o.Reason != capture.Accepted {
			t.Errorf("%s: an exchange that ends in %v allocates %v times", way, o.Reason, n)
		}
	}
}
