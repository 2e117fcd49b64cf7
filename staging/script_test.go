package staging

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"
)

// TestScript: each phase does what it says while it lasts, and nothing before or
// after it.
func TestScript(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Script: []Phase{
			{From: 1 * time.Second, To: 2 * time.Second, Reject: []Rejection{{503, 1}}, RetryAfter: 7 * time.Second},
			{From: 2 * time.Second, To: 3 * time.Second, Drop: 1},
			{From: 3 * time.Second, To: 4 * time.Second, Delay: Delay{Min: 50 * ms}},
			{From: 4 * time.Second, To: 6 * time.Second, Stall: true},
			{From: 4 * time.Second, To: 8 * time.Second, Reject: []Rejection{{429, 1}}},
		}})
		began := time.Now()
		var got []string
		for _, at := range []time.Duration{0, 1 * time.Second, 2 * time.Second, 3 * time.Second, 4500 * ms,
			7 * time.Second, 8 * time.Second} {
			time.Sleep(at - time.Since(began))
			ctx := handled(s, post("/batch", string(batchOf(0, 2))))
			got = append(got, fmt.Sprintf("%v %d %s", time.Since(began), ctx.Response.StatusCode(),
				ctx.Response.Header.Peek("Retry-After")))
		}
		want := "0s 200 |1s 503 7|2s 200 |3.05s 200 |6s 200 |7s 429 |8s 200 "
		if text := strings.Join(got, "|"); text != want {
			t.Errorf("\n got %s\nwant %s", text, want)
		}
		if events := s.Stats().Events; events != (EventCounts{Accepted: 8, Refused: 4, Lost: 2}) {
			t.Errorf("%+v", events)
		}
	})
}

// TestCapacityCosts: an event that costs 9 takes as long as nine others.
func TestCapacityCosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Work: Work{Capacity: 1000, Costs: map[string]float64{"$identify": 9, "free": 0}}})
		for body, want := range map[string]time.Duration{
			`{"token":"phc_a","batch":[{"event":"a","distinct_id":"a"},{"event":"b","distinct_id":"a"}]}`: 2 * ms,
			`{"token":"phc_a","batch":[{"event":"$identify","distinct_id":"a","properties":{"$anon_distinct_id":"b"}},` +
				`{"event":"a","distinct_id":"a"},{"event":"free","distinct_id":"a"}]}`: 10 * ms,
		} {
			began := time.Now()
			handled(s, post("/batch", body))
			if got := time.Since(began); got != want {
				t.Errorf("%.80s: %v, want %v", body, got, want)
			}
		}
	})
	wrong := Config{Work: Work{Costs: map[string]float64{"a": -1}}}
	if err := wrong.Validate(); err == nil || !strings.Contains(err.Error(), `an event "a" cost -1`) {
		t.Errorf("a negative cost: %v", err)
	}
}

// TestCapacity: 1,000 events a second make ten requests of 100 that come at once
// wait for one another, and one that comes later wait for nobody.
func TestCapacity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Work: Work{Capacity: 1000}})
		began := time.Now()
		answered := make(chan time.Duration, 10)
		for range 10 {
			go func() {
				handled(s, post("/batch", string(batchOf(0, 100))))
				answered <- time.Since(began)
			}()
		}
		for i := range 10 {
			if got, want := <-answered, time.Duration(i+1)*100*ms; got != want {
				t.Errorf("answer %d after %v, want %v", i, got, want)
			}
		}
		time.Sleep(time.Hour)
		began = time.Now()
		handled(s, post("/batch", string(batchOf(0, 100))))
		if got := time.Since(began); got != 100*ms {
			t.Errorf("an hour later: %v", got)
		}
		handled(s, post("/batch", "{")) // costs nothing
		if got := time.Since(began); got != 100*ms {
			t.Errorf("what is refused takes %v", got)
		}
	})
}

// TestDelays: the mean of an exponential delay is its mean, that of an even one
// the middle.
func TestDelays(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		delay          Delay
		mean, low, top time.Duration
	}{
		{Delay{Min: 20 * ms}, 20 * ms, 20 * ms, 20 * ms},
		{Delay{Min: 20 * ms, Max: 80 * ms}, 50 * ms, 20 * ms, 80 * ms},
		{Delay{Min: 10 * ms, Mean: 50 * ms}, 60 * ms, 10 * ms, time.Second},
		{Delay{}, 0, 0, 0},
	} {
		const n = 20_000
		var sum time.Duration
		for i := range uint64(n) {
			d := row.delay.draw(i)
			if d < row.low || d > row.top {
				t.Fatalf("%+v: %v", row.delay, d)
			}
			sum += d
		}
		if mean := sum / n; math.Abs(float64(mean-row.mean)) > float64(row.mean)/50 {
			t.Errorf("%+v: mean %v, want %v", row.delay, mean, row.mean)
		}
	}
}

// TestBrokenAnswers: a connection that is reset before or after the body was
// read says nothing; one that is broken off says half.
func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		phase    Phase
		want     string
		accepted int64
	}{
		{Phase{Reset: 1}, "", 0},
		{Phase{ResetBefore: 1}, "", 0},
		{Phase{Truncate: 1}, `{"statu`, 1},
		{Phase{Read: 100}, `{"status":"Ok"}`, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			row.phase.To = time.Hour
			s := New(Config{Script: []Phase{row.phase}})
			l := fasthttputil.NewInmemoryListener()
			done := make(chan error)
			go func() { done <- s.Serve(l) }()
			c, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			got := told(t, c)
			if got != row.want || s.Stats().Events.Accepted != row.accepted {
				t.Errorf("%+v: %q, %d accepted", row.phase, got, s.Stats().Events.Accepted)
			}
			// 45 bytes at 100 a second
			if took := time.Since(began); (row.phase.Read > 0) != (took > 400*ms) {
				t.Errorf("%+v: it took %v", row.phase, took)
			}
			c.Close()
			l.Close()
			if err := <-done; err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute) // lets the server's cleaners end
		})
	}
}

// told sends a request and returns the body of the answer, as far as it comes.
func told(t *testing.T, c net.Conn) string {
	t.Helper()
	fmt.Fprintf(c, "POST /e HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		len(single), single)
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return ""
		}
		if line == "\r\n" {
			break
		}
	}
	body, _ := io.ReadAll(r) // an error is what is asked for
	return string(body)
}

func TestPhaseValidate(t *testing.T) {
	t.Parallel()
	good := Phase{From: 1, To: 2, Reject: []Rejection{{503, 0.5}}, Reset: 0.2, Drop: 0.3}
	if err := (&Config{Script: []Phase{good}}).Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Phase{
		{From: 2, To: 2}, {From: -1, To: 2}, {To: 2, Drop: 0.6, Truncate: 0.5}, {To: 2, ResetBefore: 2},
		{To: 2, NotPersisted: -1},
		{To: 2, Delay: Delay{Min: 2, Max: 1}}, {To: 2, Read: -1}, {To: 2, Reject: []Rejection{{200, 1}}},
	} {
		if (&Config{Script: []Phase{bad}}).Validate() == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}
