package staging

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseRejection(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text string
		want Rejection
	}{
		{"429:1%", Rejection{429, 0.01}},
		{"503:0.1%", Rejection{503, 0.001}},
		{"500:100%", Rejection{500, 1}},
	} {
		got, err := ParseRejection(row.text)
		if err != nil || got != row.want || got.String() != row.text {
			t.Errorf("ParseRejection(%q) = %v, %v, want %v", row.text, got, err, row.want)
		}
	}
	for _, text := range []string{"", "429", "429:1", "429:%", "x:1%", "200:1%", "600:1%", "429:101%", "429:-1%",
		"429:0.05%", "429:NaN%", "429:Inf%"} {
		if got, err := ParseRejection(text); err == nil {
			t.Errorf("ParseRejection(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseStall(t *testing.T) {
	t.Parallel()
	got, err := ParseStall("1s/5s")
	if want := (Stall{Every: 5 * time.Second, For: time.Second}); err != nil || got != want {
		t.Errorf("ParseStall = %v, %v, want %v", got, err, want)
	}
	for _, text := range []string{"", "1s", "1/5", "1s/x", "5s/1s", "1s/1s", "0s/1s", "-1s/5s"} {
		if got, err := ParseStall(text); err == nil {
			t.Errorf("ParseStall(%q) = %v, want an error", text, got)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	for _, text := range []string{"429:1%", "1s/5s", "503:0.3%", "10ms/1h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := ParseRejection(text); err == nil {
			if again, err := ParseRejection(r.String()); err != nil || again.Status != r.Status ||
				again.String() != r.String() {
				t.Errorf("%q: %v, then %v, %v", text, r, again, err)
			}
		}
		if s, err := ParseStall(text); err == nil && (s.For <= 0 || s.Every <= s.For) {
			t.Errorf("%q is read as %v", text, s)
		}
	})
}

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	good := Config{Reset: 0.5, Reject: []Rejection{{429, 0.25}, {503, 0.25}}, Stall: Stall{Every: 2, For: 1}}
	if err := good.Validate(); err != nil {
		t.Errorf("%+v: %v", good, err)
	}
	for _, bad := range []Config{
		{Reset: -0.1},
		{Reset: 0.0005},
		{Reset: 0.6, Reject: []Rejection{{429, 0.5}}},
		{Reject: []Rejection{{200, 0.5}}},
		{Delay: -1},
		{Stall: Stall{Every: 1, For: 1}},
	} {
		if bad.Validate() == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

// TestSharesAreExact: any 1,000 consecutive requests hold each share exactly,
// and the answers are scattered.
func TestSharesAreExact(t *testing.T) {
	t.Parallel()
	f := newFaults(&Config{Reset: 0.003, Reject: []Rejection{{429, 0.1}, {503, 0.017}}})
	answers := make([]uint16, 5000)
	for i := range answers {
		answers[i] = f.next().answer
	}
	for first := 0; first+cycle <= len(answers); first += 37 {
		count := map[uint16]int{}
		for _, a := range answers[first : first+cycle] {
			count[a]++
		}
		if count[reset] != 3 || count[429] != 100 || count[503] != 17 || count[serve] != 880 {
			t.Fatalf("requests %d to %d: %v", first, first+cycle, count)
		}
	}
	last := 0
	for i, a := range answers {
		if a != 429 {
			continue
		}
		if i-last > 20 { // on average one in ten
			t.Errorf("no 429 from request %d to %d", last, i)
		}
		last = i
	}
}

func TestRejections(t *testing.T) {
	t.Parallel()
	s := New(Config{Reject: []Rejection{{429, 0.5}, {503, 0.1}, {418, 0.1}}, RetryAfter: 1500 * time.Millisecond})
	got := map[string]int{}
	for range 1000 {
		ctx := handled(s, post("/batch", string(batchOf(0, 2))))
		got[fmt.Sprintf("%s after %q", said(ctx), ctx.Response.Header.Peek("Retry-After"))]++
	}
	want := map[string]int{
		`429 rate limited after "1"`:                  500,
		`503 transient error, please retry after "1"`: 100,
		`418 I'm a teapot after ""`:                   100,
		ok + ` after ""`:                              300,
	}
	for text, n := range want {
		if got[text] != n {
			t.Errorf("%s: %d times, want %d", text, got[text], n)
		}
	}
	stats := s.Stats()
	if want := (EventCounts{Accepted: 600, Refused: 1400}); stats.Events != want {
		t.Errorf("%+v, want %+v", stats.Events, want)
	}
}

// answeredAfter gives the handler a request at each of the offsets, and returns
// when each was answered.
func answeredAfter(s *Server, offsets ...time.Duration) []time.Duration {
	answered := make([]time.Duration, len(offsets))
	began := time.Now()
	var wg sync.WaitGroup
	for i, offset := range offsets {
		wg.Go(func() {
			time.Sleep(offset)
			handled(s, post("/e", single))
			answered[i] = time.Since(began)
		})
	}
	wg.Wait()
	return answered
}

const ms = time.Millisecond

func TestWaiting(t *testing.T) {
	t.Parallel()
	stall := Stall{Every: 5 * time.Second, For: time.Second}
	rows := []struct {
		name    string
		config  Config
		offsets []time.Duration
		want    []time.Duration
	}{
		{"none", Config{}, []time.Duration{0, 7 * ms}, []time.Duration{0, 7 * ms}},
		{"delay", Config{Delay: 20 * ms}, []time.Duration{0, 5 * ms}, []time.Duration{20 * ms, 25 * ms}},
		// The stall is on from 4 to 5 s and from 9 to 10 s.
		{"stall", Config{Stall: stall}, []time.Duration{0, 3999 * ms, 4000 * ms, 4700 * ms, 5000 * ms, 9500 * ms},
			[]time.Duration{0, 3999 * ms, 5000 * ms, 5000 * ms, 5000 * ms, 10_000 * ms}},
		// 1 s later than the first request, which comes at 1 s.
		{"stall from the first request on", Config{Stall: stall}, []time.Duration{1000 * ms, 4900 * ms, 5100 * ms},
			[]time.Duration{1000 * ms, 4900 * ms, 6000 * ms}},
		{"stall of what is in progress", Config{Stall: stall, Delay: 100 * ms}, []time.Duration{0, 3950 * ms},
			[]time.Duration{100 * ms, 5000 * ms}},
		{"concurrency", Config{Work: Work{Concurrency: 2}, Delay: 10 * ms}, []time.Duration{0, 1 * ms, 2 * ms, 3 * ms, 4 * ms},
			[]time.Duration{10 * ms, 11 * ms, 20 * ms, 21 * ms, 30 * ms}},
		// The delay ends at 4.05 s and 4.1 s, inside the stall; the second starts
		// when the first is answered, at 5 s.
		{"concurrency and stall", Config{Work: Work{Concurrency: 1}, Delay: 100 * ms, Stall: stall},
			[]time.Duration{0, 3950 * ms, 3960 * ms}, []time.Duration{100 * ms, 5000 * ms, 5100 * ms}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := answeredAfter(New(row.config), row.offsets...)
				for i := range got {
					if got[i] != row.want[i] {
						t.Errorf("request at %v answered at %v, want %v", row.offsets[i], got[i], row.want[i])
					}
				}
			})
		})
	}
}
