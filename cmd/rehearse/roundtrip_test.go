package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/internal/learn"
)

// exported writes an export of events in the order of time.
func exported(t *testing.T, write func(event func(at time.Time, id, name string))) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recorded.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	write(func(at time.Time, id, name string) {
		fmt.Fprintf(out, `{"event":%q,"distinct_id":%q,"timestamp":%q}`+"\n", name, id,
			at.UTC().Format(time.RFC3339Nano))
	})
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

// spreadOver writes n events at random moments of a stretch, with ids from draw.
func spreadOver(t *testing.T, n int, over time.Duration, draw func(i int, r *rand.Rand) string) string {
	r := rand.New(rand.NewPCG(7, 7))
	return exported(t, func(event func(time.Time, string, string)) {
		for i := range n {
			at := roundTripStart.Add(time.Duration((float64(i) + r.Float64()) / float64(n) * float64(over)))
			event(at, draw(i, r), []string{"a", "a", "b"}[r.IntN(3)])
		}
	})
}

// roundTripStart is a whole hour, as the start of the synthesis is.
var roundTripStart = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)

// twoRegimes draws from 60 busy ids that are nearly alike, 5,000 others and such that
// never come again.
func twoRegimes(i int, r *rand.Rand) string {
	switch u := r.Float64(); {
	case u < 0.6:
		return fmt.Sprintf("head-%d", r.IntN(60))
	case u < 0.85:
		return fmt.Sprintf("body-%d", int(5000*u*u))
	}
	return fmt.Sprintf("once-%d", i)
}

// bursts writes a month: an event every quarter of an hour, ids one after the other,
// and 3,000 in one second.
func bursts(event func(time.Time, string, string)) {
	n := 0
	send := func(at time.Time) {
		event(at, fmt.Sprintf("u-%d", n%400), "a")
		n++
	}
	for quarter := range 4 * 24 * 30 {
		at := roundTripStart.Add(time.Duration(quarter) * 15 * time.Minute)
		send(at)
		if quarter == 2000 {
			for i := range 3000 {
				send(at.Add(time.Minute + time.Duration(i)*time.Second/3000))
			}
		}
	}
}

// worldCup writes the day of the recorded rates with every 25,000th request, its ids by
// a law.
func worldCup(t *testing.T) string {
	rates, err := os.ReadFile("../../scenarios/recordings/worldcup98-1998-06-30.csv")
	if err != nil {
		t.Fatal(err)
	}
	r, law := rand.New(rand.NewPCG(3, 3)), rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 8, 4000)
	due := 0.0
	return exported(t, func(event func(time.Time, string, string)) {
		for _, line := range strings.Split(strings.TrimSpace(string(rates)), "\n")[1:] {
			period, count, _ := strings.Cut(line, ",")
			at, err := time.Parse(time.DateTime, period)
			var n float64
			if _, scan := fmt.Sscan(count, &n); err != nil || scan != nil {
				t.Fatal(line)
			}
			whole := math.Floor(due)
			for due += n / 2500; whole < math.Floor(due); whole++ {
				event(at.Add(time.Duration(r.Float64()*float64(time.Minute))),
					fmt.Sprintf("u-%d", law.Uint64()), "request")
			}
		}
	})
}

// TestRoundTrip: what is learned from recordings of very different kinds and
// synthesized again is like them: the head, the body and the tail of the ids, the peaks
// and bursts, and the mix. The table is what a reader would be shown.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for name, export := range map[string]func(t *testing.T) []string{
		"activity": func(*testing.T) []string {
			return []string{activity, "--field", "event=type,distinct_id=actor,timestamp=dt,uuid=id"}
		},
		"world cup":   func(t *testing.T) []string { return []string{worldCup(t)} },
		"two regimes": func(t *testing.T) []string { return []string{spreadOver(t, 60_000, 5*time.Hour, twoRegimes)} },
		"flat": func(t *testing.T) []string {
			return []string{spreadOver(t, 40_000, time.Hour, func(i int, r *rand.Rand) string {
				return fmt.Sprintf("u-%d", r.IntN(2000))
			})}
		},
		"in turn": func(t *testing.T) []string {
			return []string{spreadOver(t, 40_000, time.Hour, func(i int, r *rand.Rand) string {
				return fmt.Sprintf("u-%d", i%1000)
			})}
		},
		"bursts": func(t *testing.T) []string { return []string{exported(t, bursts)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, learned := export(t), filepath.Join(t.TempDir(), "learned.yaml")
			was := profiled(t, append(args, "-o", learned)...)
			is := profiled(t, synthesized(t, learned, "traffic.timestamps=now")) // when events are sent
			roundTrips(t, was, is)
		})
	}
}

// TestRoundTripOfTheWire: 87 events, of which five came twice and one merges: too few for
// shares of ids, but the busiest, the mix and every second are there.
func TestRoundTripOfTheWire(t *testing.T) {
	t.Parallel()
	learned := filepath.Join(t.TempDir(), "learned.yaml")
	was := profiled(t, "../../scenarios/recordings/posthog_wire_2023-09.jsonl", "--format", "capture", "-o", learned)
	is := profiled(t, synthesized(t, learned))
	if is.Events != was.Events || is.PeakSecond != was.PeakSecond ||
		math.Abs(is.Bursts[0].CV/was.Bursts[0].CV-1) > 0.1 {
		t.Errorf("%d events, peak %v, %+v; recorded %d, peak %v, %+v", is.Events, is.PeakSecond, is.Bursts[0],
			was.Events, was.PeakSecond, was.Bursts[0])
	}
	near(t, "the share of the busiest", is.Shares.Top1, was.Shares.Top1, 0.1)
	near(t, "the share of the first type", is.Types[0].Share, was.Types[0].Share, 0.3)
	if math.Abs(float64(is.DistinctIDs-was.DistinctIDs)) > 3 || was.Duplicates != 5 {
		t.Errorf("%d ids, recorded %d, and %d duplicates", is.DistinctIDs, was.DistinctIDs, was.Duplicates)
	}
}

// roundTrips compares a recording, what was learned and its synthesis.
func roundTrips(t *testing.T, was, is *learn.Profile) {
	t.Helper()
	if is.Events != was.Events {
		t.Errorf("%d events, recorded %d", is.Events, was.Events)
	}
	learned := was.Synthesis
	row := func(what string, recorded, planned, shown, most float64) {
		t.Helper()
		t.Logf("%-16s %10.4f %10.4f %10.4f", what, recorded, planned, shown)
		if math.Abs(shown-recorded) > most || math.Abs(planned-recorded) > most {
			t.Errorf("%s is %.4f, learned %.4f, recorded %.4f", what, shown, planned, recorded)
		}
	}
	row("top 1", was.Shares.Top1, learned.Shares.Top1, is.Shares.Top1, 0.1*was.Shares.Top1)
	row("top 10", was.Shares.Top10, learned.Shares.Top10, is.Shares.Top10, 0.1*was.Shares.Top10)
	row("top 100", was.Shares.Top100, learned.Shares.Top100, is.Shares.Top100, 0.1*was.Shares.Top100)
	row("ids once", was.Shares.Once, learned.Shares.Once, is.Shares.Once, 0.03)
	row("distinct_ids", float64(was.DistinctIDs), float64(learned.IDs), float64(is.DistinctIDs),
		0.02*float64(was.DistinctIDs))
	row("peak 1 s", was.PeakSecond, was.PeakSecond, is.PeakSecond, 0.1*was.PeakSecond)
	for i, b := range was.Bursts {
		l, s := learned.Rates.Bursts[i], is.Bursts[i]
		row(fmt.Sprintf("peak/mean %d s", b.WindowSeconds), b.PeakToMean, l.PeakToMean, s.PeakToMean, 0.1*b.PeakToMean)
		row(fmt.Sprintf("cv %d s", b.WindowSeconds), b.CV, l.CV, s.CV, 0.1*b.CV)
		row(fmt.Sprintf("empty %d s", b.WindowSeconds), b.Empty, l.Empty, s.Empty, 0.03)
	}
	for _, kind := range was.Types {
		for _, other := range is.Types {
			if other.Name == kind.Name && math.Abs(other.Share-kind.Share) > 0.01 {
				t.Errorf("%s has a share of %.4f, had %.4f", kind.Name, other.Share, kind.Share)
			}
		}
	}
}
