package generator

import (
	"context"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
)

// oneRequest is a sender with a queue of one batch and an endpoint that answers at once.
type oneRequest struct {
	sender *sender
	queue  chan *job
	free   chan *job
	batch  *job
	ended  chan struct{}
	rest   func() // ends the watch for stalls
}

// newOneRequest starts the sender.
func newOneRequest(tb testing.TB) *oneRequest {
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + capture.AnswerOk)
	p := &pacer{start: time.Now(), sleep: preciseSleep}
	o := &oneRequest{queue: make(chan *job, 1), free: make(chan *job, 1), batch: newJob(), ended: make(chan struct{})}
	token := make(chan *lane, 1)
	token <- &lane{}
	o.sender = &sender{
		shared: &shared{pacer: p, stalls: newStalls(p), reach: &reach{}},
		queue:  o.queue, token: token, free: func(b *job) { o.free <- b }, shard: results.NewRecorder(1).Sender(0), timer: stoppedTimer(),
		conn: transport.New(tb.Context(), &transport.Destination{
			URL: &url.URL{Scheme: "http", Host: "endpoint"}, UserAgent: "test", Timeout: time.Minute,
			Dial: func(context.Context, string) (net.Conn, error) { return &canned{answer: answer}, nil },
		}),
	}
	o.rest = o.sender.stalls.begin()
	go func() {
		o.sender.run(tb.Context())
		close(o.ended)
	}()
	o.batch.Path, o.batch.ContentType, o.batch.Body, o.batch.Events = "/batch/", "application/json", make([]byte, 4000), 10
	return o
}

// send sends the batch once more, due at a time.
func (o *oneRequest) send(due time.Duration) {
	o.batch.Due = due
	o.batch.ready <- struct{}{}
	o.queue <- o.batch
	o.batch = <-o.free
}

// end ends the sender.
func (o *oneRequest) end() {
	close(o.queue)
	<-o.ended
	o.rest()
}

// TestSenderDoesNotAllocate: from the queue to the books a request costs no memory, be it
// on time or behind.
func TestSenderDoesNotAllocate(t *testing.T) {
	if raced {
		t.Skip("the race detector makes pools forget")
	}
	o := newOneRequest(t)
	defer o.end()
	for range 2 * maxSpendings { // until the marks of what is behind have their room
		o.send(0)
	}
	for name, late := range map[string]time.Duration{"on time": 0, "behind": time.Second} {
		if n := testing.AllocsPerRun(1000, func() { o.send(o.sender.pacer.Now() - late) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// BenchmarkSender is one request from the queue to the books, without an endpoint's work
// and the kernel's.
func BenchmarkSender(b *testing.B) {
	for name, late := range map[string]time.Duration{"on time": 0, "behind": time.Second} {
		b.Run(name, func(b *testing.B) {
			o := newOneRequest(b)
			defer o.end()
			b.ReportAllocs()
			for b.Loop() {
				o.send(o.sender.pacer.Now() - late)
			}
		})
	}
}

// TestAloneBesideAPacingThread: while the only sender of a queue waits for the next due time,
// it sends again what is to be, though another thread writes what is due then.
func TestAloneBesideAPacingThread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ending, end := context.WithCancel(t.Context())
		end()
		p, again := &pacer{start: time.Now(), sleep: time.Sleep}, make(chan *job)
		s := &sender{
			shared: &shared{pacer: p, stalls: newStalls(p), reach: &reach{}, retries: &retries{ending: ending}},
			pace:   &pacingThread{}, again: again, alone: true, timer: stoppedTimer(),
			shard: results.NewRecorder(1).Sender(0), conn: transport.New(t.Context(), &transport.Destination{URL: &url.URL{Scheme: "http", Host: "endpoint"}}),
		}
		s.retries.work.Add(1)
		next := newJob()
		next.Due = time.Hour
		go s.atDue(t.Context(), &lane{}, next, 0)
		select {
		case again <- newJob():
		case <-time.After(time.Minute):
			t.Error("it waits for the next due time and does nothing else")
		}
		time.Sleep(2 * time.Hour)
	})
}

// TestFewJobs: where bodies are so large that few are built ahead, all events are sent on time.
func TestFewJobs(t *testing.T) {
	t.Parallel()
	for _, weighs := range []int{0, 10_000, 130_000, 300_000, 5_000_000} {
		synctest.Test(t, func(t *testing.T) {
			s := load(t, "const(100, 5s)", ", late: queue")
			s.Target.Connections, s.Batching.MinEvents, s.Batching.MaxEvents = 1, 1, 1
			r := stageRun{scenario: s, weighs: weighs}
			r.run(t)
			if got := r.balance(t)[capture.FateAccepted].Events; got != 500 || r.total.AllLate().Requests != 0 {
				t.Errorf("%d bytes an event: %d events accepted, %d late", weighs, got, r.total.AllLate().Requests)
			}
		})
	}
}
