package transport

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
)

// hostile is an endpoint that breaks connections at any moment and counts what it stored.
type hostile struct {
	net.Listener
	seed uint64

	mu     sync.Mutex
	stored map[string]int // by the text of the body
	bytes  int64          // that were read
	peers  sync.WaitGroup
}

// serve serves until the listener is closed.
func (h *hostile) serve() {
	for i := uint64(0); ; i++ {
		peer, err := h.Accept()
		if err != nil {
			return
		}
		h.peers.Go(func() { h.talk(peer.(*net.TCPConn), rand.New(rand.NewPCG(h.seed, i))) })
	}
}

// reading counts what a connection reads.
func (h *hostile) reading(peer net.Conn) io.Reader {
	return io.TeeReader(peer, writerFunc(func(p []byte) (int, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bytes += int64(len(p))
		return len(p), nil
	}))
}

// writerFunc is a function as a writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// talk serves a connection until it breaks. Who has said too much only says yes from then
// on, and reads everything: which answer was meant for what could not be told.
func (h *hostile) talk(peer *net.TCPConn, chance *rand.Rand) {
	defer peer.Close()
	from := bufio.NewReader(h.reading(peer))
	if chance.IntN(16) == 0 {
		peer.SetReadBuffer(1)
	}
	for honest := false; ; {
		what := chance.IntN(40)
		switch {
		case honest:
		case what == 0:
			io.CopyN(io.Discard, from, chance.Int64N(100)) // less than a head
			peer.SetLinger(0)
			return
		case what == 1:
			io.WriteString(peer, yes)
			honest = true
		case what == 2:
			io.WriteString(peer, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			return
		case what == 3:
			peer.CloseWrite()
			io.Copy(io.Discard, from)
			return
		}
		if _, err := from.Peek(1); err != nil || !h.store(from, what != 4 || honest) {
			return
		}
		if !honest && !h.answer(peer, chance, what) {
			return
		}
		if honest {
			io.WriteString(peer, yes)
		}
		honest = honest || what == 5
	}
}

// store reads a request, and tells whether it came whole.
func (h *hostile) store(from *bufio.Reader, stores bool) bool {
	request, err := http.ReadRequest(from)
	if err != nil {
		return false
	}
	text, err := io.ReadAll(request.Body)
	if err == nil && stores {
		h.mu.Lock()
		h.stored[string(text)]++
		h.mu.Unlock()
	}
	return err == nil
}

// answer answers, and tells whether the connection goes on.
func (h *hostile) answer(peer *net.TCPConn, chance *rand.Rand, what int) bool {
	switch what {
	case 4:
		io.WriteString(peer, busy)
	case 5:
		io.WriteString(peer, yes+yes)
	case 6, 7:
		peer.SetLinger(6 - what) // the one with a reset
		io.WriteString(peer, yes[:chance.IntN(len(yes))])
		return false
	case 8:
		io.WriteString(peer, yes)
		return false
	case 9:
		io.WriteString(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for _, letter := range capture.AnswerOk {
			io.WriteString(peer, "1\r\n"+string(letter)+"\r\n")
		}
		io.WriteString(peer, "0\r\n\r\n")
	default:
		io.WriteString(peer, yes)
	}
	return true
}

// paces writes what is handed over, withdraws it or does not let it leave.
func paces(c *Conn, seed uint64, handed <-chan Ticket) {
	chance := rand.New(rand.NewPCG(seed, 1))
	for ticket := range handed {
		for range chance.IntN(20) {
			runtime.Gosched()
		}
		switch chance.IntN(10) {
		case 0:
			c.Withdraw(ticket)
		case 1:
			c.Leave(ticket, func() bool { return false })
		default:
			c.Leave(ticket, func() bool { return true })
		}
	}
}

// TestHostileEndpoint: whichever way requests take, and whenever an endpoint breaks a
// connection, speaks out of turn or lets time run out, what was accepted is stored, what is
// stored was accepted or is ambiguous, and nothing is stored twice.
func TestHostileEndpoint(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{Listener: listener, seed: rand.Uint64(), stored: map[string]int{}}
	t.Logf("seed %d", h.seed)
	go h.serve()
	hard, giveUp := context.WithCancel(t.Context())
	fates, wire := make([]map[string]results.Outcome, 6), make([]int64, 6)
	var senders sync.WaitGroup
	for i := range fates {
		fates[i] = map[string]results.Outcome{}
		senders.Go(func() { wire[i] = h.send(t, hard, i, fates[i]) })
	}
	senders.Wait()
	giveUp()
	listener.Close()
	h.peers.Wait()
	var sum int64
	for i, all := range fates {
		sum += wire[i]
		h.compare(t, all)
	}
	if h.bytes > sum {
		t.Errorf("%d bytes were read of %d that were sent", h.bytes, sum)
	}
}

// send sends requests over a connection, each in some way.
func (h *hostile) send(t *testing.T, hard context.Context, i int, fates map[string]results.Outcome) (wire int64) {
	chance := rand.New(rand.NewPCG(h.seed, uint64(i)<<32))
	c := New(hard, &Destination{
		URL: parseURL(t, "http://"+h.Addr().String()), UserAgent: "test", Timeout: time.Minute, Dial: Loopback(time.Minute),
	})
	defer c.Close()
	handed := make(chan Ticket, requestsEach)
	go paces(c, h.seed+uint64(i), handed)
	defer close(handed)
	if i%2 == 0 {
		c.Guard(func() bool { return true }, func() {})
	}
	for n := range requestsEach {
		text := strings.Repeat(" ", chance.IntN(10)*chance.IntN(2000)) + strconv.Itoa(i*1000+n)
		if c.timeout = time.Minute; chance.IntN(20) == 0 {
			c.timeout = time.Duration(chance.IntN(300)) * time.Microsecond
		}
		prepare(c, text)
		var o results.Outcome
		switch chance.IntN(4) {
		case 0:
			ways["buffered"](c, &o)
		case 1:
			c.Exchange(&o)
		default:
			if !c.ExchangeAt(&o, 0, func(is Ticket) { handed <- is }) {
				c.Exchange(&o)
			}
		}
		if c.conn.open != nil {
			c.conn.open.plain = true
		}
		wire += int64(o.WireBytes)
		fates[text] = o
	}
	return wire
}

// compare compares what became of requests with what the endpoint stored.
func (h *hostile) compare(t *testing.T, fates map[string]results.Outcome) {
	counts := map[capture.Fate]int{}
	for text, o := range fates {
		fate, stored := o.Reason.Fate(), h.stored[text]
		counts[fate]++
		possible := fate == capture.FateAccepted || fate == capture.FateAmbiguous || o.MayBeStored
		if stored > 1 || stored == 1 && !possible || stored == 0 && fate == capture.FateAccepted {
			t.Errorf("%s: %v, and it was stored %d times", strings.TrimSpace(text), o.Reason, stored)
		}
	}
	if len(fates) != requestsEach || counts[capture.FateAccepted] < requestsEach/3 {
		t.Errorf("%v of %d", counts, len(fates))
	}
}

// requestsEach is how many requests go over each connection.
const requestsEach = 250
