package results

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
)

const ms = time.Millisecond

// outcome is request i of a run whose requests carry 10 events, are due every
// millisecond, leave at once and take 5 ms.
func outcome(i int, reason capture.Reason, status int) Outcome {
	due := time.Duration(i) * ms
	return Outcome{
		First: int64(i) * 10, Events: 10,
		Due: due, Sent: due, Done: due + 5*ms,
		Reason: reason, Status: status,
		BodyBytes: 1000, WireBytes: 300,
	}
}

// reasonOf spreads reasons over requests: 1 in 7 is refused with 429, 1 in 11 of
// the others times out, 1 in 13 of the rest never leaves.
func reasonOf(i int) (capture.Reason, int) {
	switch {
	case i%7 == 0:
		return capture.RateLimited, 429
	case i%11 == 0:
		return capture.AnswerTimeout, 0
	case i%13 == 0:
		return capture.NoFreeConnection, 0
	}
	return capture.Accepted, 200
}

func TestRecorderLosesNothing(t *testing.T) {
	t.Parallel()
	const shards, each = 16, 3000
	r := NewRecorder(shards)
	var senders sync.WaitGroup
	for s := range shards {
		senders.Go(func() {
			for n := range each {
				i := n*shards + s // neighbours on different inputs, as in a run
				reason, status := reasonOf(i)
				o := outcome(i, reason, status)
				r.Sender(s).Record(&o)
			}
		})
	}
	finished := make(chan struct{})
	go func() { senders.Wait(); close(finished) }()

	sum, ledger, refused, now := NewTally(), []Range{}, 0, time.Duration(0)
	tick := func() {
		now += time.Second
		iv := r.Tick(now, Count{})
		if iv.To != now || iv.From != now-time.Second {
			t.Errorf("interval from %v to %v, want the second until %v", iv.From, iv.To, now)
		}
		sum.Add(&iv.Tally)
		ledger = append(ledger, iv.Ledger...)
		refused += len(iv.Rejected)
	}
	for running := true; running; {
		select {
		case <-finished:
			running = false
		default:
		}
		tick()
	}
	total := r.Tick(now+time.Second, Count{}).Total
	wantTally(t, "sum of the intervals", sum, shards*each)
	wantTally(t, "total", total, shards*each)
	wantLedger(t, ledger, shards*each)
	rejected := sum.Fates[capture.FateRejected].Plus(sum.Fates[capture.FateAmbiguous]).Requests
	if int64(refused)+sum.LeftOut != rejected {
		t.Errorf("%d details and %d left out, want %d together", refused, sum.LeftOut, rejected)
	}
}

// wantTally counts the first n requests of reasonOf again.
func wantTally(t *testing.T, what string, got *Tally, n int) {
	t.Helper()
	var want [fates]Count
	kinds := map[Refusal]Count{}
	reasons := map[capture.Reason]int64{}
	for i := range n {
		reason, status := reasonOf(i)
		want[reason.Fate()] = want[reason.Fate()].Plus(Count{1, 10})
		reasons[reason]++
		if reason != capture.Accepted {
			kinds[Refusal{
				Reason: reason,
				Status: status,
			}] = kinds[Refusal{Reason: reason, Status: status}].Plus(Count{1, 10})
		}
	}
	if got.Fates != want {
		t.Errorf("%s: fates %v, want %v", what, got.Fates, want)
	}
	for kind, count := range kinds {
		if got.Refusals[kind] != count {
			t.Errorf("%s: %v %v, want %v", what, kind, got.Refusals[kind], count)
		}
	}
	sent := got.Sent().Requests
	if got.Latency.Count() != sent || got.Service.Count() != sent || got.Lag.Count() != sent {
		t.Errorf("%s: %d sent, but %d latencies, %d services, %d lags",
			what, sent, got.Latency.Count(), got.Service.Count(), got.Lag.Count())
	}
	for _, reason := range []capture.Reason{capture.Accepted, capture.RateLimited, capture.AnswerTimeout} {
		if n := got.LatencyOf(reason).Count(); n != reasons[reason] {
			t.Errorf("%s: %d latencies of %v, want %d", what, n, reason, reasons[reason])
		}
	}
	if got.BodyBytes != sent*1000 || got.WireBytes != sent*300 {
		t.Errorf("%s: %d and %d bytes, want %d and %d", what, got.BodyBytes, got.WireBytes, sent*1000, sent*300)
	}
}

// wantLedger makes sure that the ledger has each event of n requests once, with
// its fate.
func wantLedger(t *testing.T, ledger []Range, n int) {
	t.Helper()
	ranges, err := Disjoint(ledger)
	if err != nil {
		t.Fatal(err)
	}
	var end int64
	for _, r := range ranges {
		if r.First != end {
			t.Fatalf("the ledger jumps from event %d to %d", end, r.First)
		}
		for event := r.First; event < r.End(); event += 10 {
			if reason, _ := reasonOf(int(event / 10)); reason.Fate() != r.Fate {
				t.Fatalf("event %d has fate %d, want %d", event, r.Fate, reason.Fate())
			}
		}
		end = r.End()
	}
	if end != int64(n)*10 {
		t.Errorf("the ledger ends at event %d, want %d", end, n*10)
	}
}

func TestLatenessIsJudgedByTheLag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lag   time.Duration
		cause LateCause
		want  LateCause
	}{
		{LateAfter, OnTime, OnTime},
		{LateAfter, LateBuild, OnTime},
		{LateAfter + 1, LateBuild, LateBuild},
		{LateAfter + 1, NoConnection, NoConnection},
		{LateAfter + 1, OnTime, LatePace}, // nobody knows why: ours
		{LateAfter + 1, 77, LatePace},
		{-time.Second, LateBuild, OnTime},
	} {
		tally := NewTally()
		tally.Record(&Outcome{Events: 3, Sent: c.lag, Done: c.lag, Cause: c.cause})
		if tally.Late[c.want] != (Count{1, 3}) {
			t.Errorf("lag %v with cause %d: %v, want it under %d", c.lag, c.cause, tally.Late, c.want)
		}
	}
}

func TestUnsentStretch(t *testing.T) {
	t.Parallel()
	r := NewRecorder(1)
	const events = 400_000_000_000 // more than 32 bits
	r.Sender(0).Record(&Outcome{First: 7, Events: events, Requests: events / 100, Reason: capture.NotStarted})
	iv := r.Tick(time.Second, Count{})
	if got := iv.Fates[capture.FateUnsent]; got != (Count{events / 100, events}) {
		t.Errorf("unsent %v", got)
	}
	if iv.Due() != 0 || iv.Sent() != (Count{}) || iv.Lag.Count() != 0 || len(iv.Rejected) != 0 {
		t.Errorf("due %d, sent %v, %d lags, %d rejections: want none",
			iv.Due(), iv.Sent(), iv.Lag.Count(), len(iv.Rejected))
	}
	if len(iv.Ledger) != 1 || iv.Ledger[0] != (Range{7, events, capture.FateUnsent}) {
		t.Errorf("ledger %v", iv.Ledger)
	}
}

func TestRejectionDetailsAreBounded(t *testing.T) {
	t.Parallel()
	r := NewRecorder(1)
	o := outcome(0, capture.RateLimited, 429)
	o.Answer = []byte(strings.Repeat("x", 1000))
	for range MaxRejections + 5 {
		r.Sender(0).Record(&o)
	}
	iv := r.Tick(time.Second, Count{})
	if len(iv.Rejected) != MaxRejections || iv.LeftOut != 5 || iv.answers > maxAnswers {
		t.Errorf("%d details, %d left out, %d bytes of answers", len(iv.Rejected), iv.LeftOut, iv.answers)
	}
	if got := len(iv.Rejected[0].Answer); got != MaxAnswer {
		t.Errorf("an answer of %d bytes, want %d", got, MaxAnswer)
	}
	again := r.Tick(2*time.Second, Count{})
	if len(again.Rejected) != 0 || again.LeftOut != 0 || again.Total.LeftOut != 5 {
		t.Errorf("the next interval has %d details, %d left out of %d",
			len(again.Rejected), again.LeftOut, again.Total.LeftOut)
	}
}

func TestAnswerIsCopied(t *testing.T) {
	t.Parallel()
	r := NewRecorder(1)
	o := outcome(0, capture.BadRequest, 400)
	o.Answer = []byte("no such token")
	r.Sender(0).Record(&o)
	copy(o.Answer, "overwritten!!")
	if got := r.Tick(time.Second, Count{}).Rejected[0].Answer; got != "no such token" {
		t.Errorf("answer %q", got)
	}
}

func TestStatusesStayFew(t *testing.T) {
	t.Parallel()
	tally := NewTally()
	for status := range 100_000 {
		o := outcome(0, capture.UnexpectedStatus, status)
		tally.Record(&o)
	}
	if n := len(tally.Refusals); n != 901 { // 100 to 999, and 0 for the rest
		t.Errorf("%d kinds of refusals, want 901", n)
	}
}

func TestRecordDoesNotAllocate(t *testing.T) {
	r := NewRecorder(1)
	o := outcome(0, capture.Accepted, 200)
	record := func() {
		for range shardSize { // so that every run hands on once
			r.Sender(0).Record(&o)
			o.First += o.Events
		}
	}
	record() // makes the histogram of the reason
	if n := testing.AllocsPerRun(100, record); n != 0 {
		t.Errorf("Record allocates %v times in %d", n, shardSize)
	}
}

func BenchmarkRecord(b *testing.B) {
	r := NewRecorder(1)
	s := r.Sender(0)
	o := outcome(0, capture.Accepted, 200)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.First, o.Done = o.First+o.Events, o.Due+time.Duration(i&0xffff)*time.Microsecond
		s.Record(&o)
	}
}

// BenchmarkRecord64 records from 64 senders with a tick every 100,000 outcomes,
// so that the ledger does not join what it is given.
func BenchmarkRecord64(b *testing.B) {
	r := NewRecorder(64)
	o := outcome(0, capture.Accepted, 200)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.First, o.Done = o.First+o.Events, o.Due+time.Duration(i&0xffff)*time.Microsecond
		r.Sender(i & 63).Record(&o)
		if i%100_000 == 99_999 {
			r.Tick(time.Duration(i), Count{})
		}
	}
}

// The recorder must leave most of 28 MB to the senders. With 64 of them, seconds of
// 100,000 requests that come in nearly in order, the slowest in 16 ms, take 1.1 MB: buffers
// of 32 outcomes 0.4, and four histograms for two intervals and the total 0.7, of which 0.24
// stay when they have grown. The seconds after them take nothing.
func TestRecorderIsSmall(t *testing.T) {
	var r *Recorder
	o := outcome(0, capture.Accepted, 200)
	second := func() {
		for i := range 100_000 {
			o.First, o.Done = o.First+o.Events, o.Due+time.Duration(i&0x3fff)*time.Microsecond
			o.Sent = o.Due
			r.Sender(i & 63).Record(&o)
		}
		r.Tick(time.Second, Count{})
	}
	first := allocated(func() { r = NewRecorder(64); second(); second() })
	if first > 5<<18 {
		t.Errorf("a recorder for %d senders takes %d bytes, want at most 1.25 MiB", len(r.shards), first)
	}
	if more := allocated(func() { second(); second() }); more > 16<<10 {
		t.Errorf("two seconds more take %d bytes, want next to nothing", more)
	}
}

// allocated is how many bytes are allocated while f runs.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestLedgerOfManySenders: a ledger says the same whatever order outcomes come in, and
// takes memory for what it says, not for how many requests it says it of.
func TestLedgerOfManySenders(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const n = 20_000
		senders := rapid.IntRange(1, 200).Draw(t, "senders")
		refused := rapid.Int64Range(2, n).Draw(t, "every one is refused")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		iv, want := NewInterval(), []Range(nil)
		waiting := make([][]int64, senders)
		record := func(i int64) {
			o := Outcome{First: i, Events: 1, Reason: capture.Accepted}
			if i%refused == 0 {
				o.Reason = capture.NotStarted
			}
			iv.Record(&o)
		}
		for i := range int64(n) {
			fate := capture.FateAccepted
			if i%refused == 0 {
				fate = capture.FateUnsent
			}
			want = append(want, Range{First: i, Count: 1, Fate: fate})
			s := r.IntN(senders)
			if waiting[s] = append(waiting[s], i); len(waiting[s]) == shardSize {
				for _, i := range waiting[s] {
					record(i)
				}
				waiting[s] = waiting[s][:0]
			}
		}
		for _, some := range waiting {
			for _, i := range some {
				record(i)
			}
		}
		want = join(want)
		if most := max(4*len(want), 8*leastJoined); cap(iv.Ledger) > most {
			t.Fatalf("there is room for %d ranges, where %d say it all", cap(iv.Ledger), len(want))
		}
		iv.seal(time.Second, Count{}, NewTally())
		if !slices.Equal(iv.Ledger, want) {
			t.Fatalf("%d ranges, want %d", len(iv.Ledger), len(want))
		}
	})
}
