// Command verify plants faults in a stream of events, has package verify hold the stream
// against the run that it is of, and demands that each fault is found and named, and
// nothing else. It tells what that took, beside what making the stream takes alone.
//
//	go run ./.ci/verify                                faults among 10,000,000 events
//	go run ./.ci/verify -clean 20 -events 1000000      20 runs without any
//	go run ./.ci/verify -events 100000000 -order far   what 10^8 events take in the worst order
//
// Orders are near, shuffled within 4,096 events, and far: every other event of the whole
// run first and then the rest, so that no block of events is complete before half of
// everything was read.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/verify"
	"rehearse/results"
	"rehearse/scenario"
)

func main() {
	events := flag.Int64("events", 10_000_000, "how many `EVENTS` the run has")
	clean := flag.Int("clean", 0, "hold so many `RUNS` without faults instead, each of another seed")
	order := flag.String("order", "near", "the `ORDER` of the rows: near or far")
	exact := flag.Bool("exact", false, "the source has properties byte for byte, as recorded requests do")
	seed := flag.Uint64("seed", 1, "the `SEED` of the run")
	size := flag.Int("bytes", 500, "half of the events have so many `BYTES` at most")
	profiled := flag.String("cpuprofile", "", "write a CPU profile of verifying to this `FILE`")
	flag.Parse()
	bad, profile := false, *profiled
	if *clean > 0 {
		for n := range *clean {
			c := cast{run: newRun(*events, *seed+uint64(n), *size), far: *order == "far", sent: *exact, profile: profile}
			bad = !c.try() || bad
		}
	} else {
		c := cast{run: newRun(*events, *seed, *size), far: *order == "far", sent: *exact, faults: plan(*events),
			profile: profile}
		bad = !c.try()
	}
	if bad {
		os.Exit(1)
	}
}

// start is when all runs began.
var start = time.Date(2026, 11, 30, 5, 42, 7, 123456789, time.UTC)

// newRun is a run all of whose events were accepted.
func newRun(events int64, seed uint64, size int) *verify.Run {
	text := fmt.Sprintf(`name: planted
load: {profile: 'const(%d, 100s)'}
traffic:
  seed: %d
  distinct_ids: {count: 100k, skew: 1.1}
  events: {$pageview: 60, $autocapture: 20, purchase: 10, $identify: 2, $create_alias: 1, $set: 2}
  visits: {events: 5, anonymous: 20%%}
  properties: {bytes: {p50: %d, p99: %d}}
`, events/100, seed, size, 4*size)
	s, err := scenario.Parse("planted.yaml", []byte(text), scenario.Options{})
	if err != nil {
		fail(err)
	}
	return &verify.Run{ID: "planted", Name: s.Name, Scenario: s, Attempts: []verify.Attempt{{
		Starts: []time.Time{start}, Load: s.Load.Curve.Span(),
		Fates: []results.Range{{First: 0, Count: events, Fate: capture.FateAccepted}},
	}}}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "verify:", err)
	os.Exit(2)
}

// spent is the processor time of the process.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that the process had resident.
func peak() string {
	text, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	line, _, _ := strings.Cut(after, "\n")
	return strings.Join(strings.Fields(line), " ")
}

// cast is a run, and what is wrong with its stream.
type cast struct {
	run    *verify.Run
	far    bool
	sent   bool
	faults *faults // nil: none

	profile string // the file that a CPU profile of verifying is written to; empty: none
}

// try holds the stream against the run, and says whether what was found is what was
// planted.
func (c *cast) try() bool {
	s := c.stream()
	before := spent()
	some := s.total + 2000 // all
	if c.faults == nil {
		some = min(some, 5_000_000) // which tells enough of what making the stream takes
	}
	rows, bytes := s.drain(some)
	share := max(float64(s.total)/float64(rows), 1)
	making := time.Duration(float64(spent()-before) * share)
	rows, bytes = int64(float64(rows)*share), int64(float64(bytes)*share)
	runtime.GC()
	persons := s.persons
	before = spent()
	began := time.Now()
	if c.profile != "" {
		out, err := os.Create(c.profile)
		if err != nil {
			fail(err)
		}
		_ = pprof.StartCPUProfile(out)
		defer out.Close()
		defer pprof.StopCPUProfile()
	}
	r, err := verify.Hold(context.Background(), context.Background(), c.run, c.stream().source(),
		verify.Options{Thresholds: verify.Implied(), Persons: persons.source()})
	if err != nil {
		fail(err)
	}
	took, all := time.Since(began), spent()-before
	reading := making
	if r.Report.Content.Blocks > 0 {
		reading = 2 * making // the stream is made twice, because something is altered
	}
	fmt.Printf("seed %d: %d rows, %.0f MB of text; %s; peak %s\n", c.run.Seed(), rows, float64(bytes)/1e6,
		runtime.Version(), peak())
	fmt.Printf("  %.1f s, %.0f MB/s, %.1f s CPU; making the stream %.1f s CPU; %.2f µs CPU an event beyond that\n",
		took.Seconds(), float64(bytes)/1e6/took.Seconds(), all.Seconds(), reading.Seconds(),
		float64((all-reading).Microseconds())/float64(rows))
	return c.check(r, s)
}
