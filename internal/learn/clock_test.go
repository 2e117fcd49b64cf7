package learn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
)

// timesOf observes events at times and returns what it makes of them.
func timesOf(t interface{ Fatal(...any) }, gap time.Duration, most bounds, times []time.Time) *Profile {
	o := NewObserver(gap)
	o.clock = newClock(most)
	for _, at := range times {
		o.Add(&event.Event{Name: []byte("a"), DistinctID: []byte("u"), Time: at})
	}
	p, err := o.Profile(&recording.Counts{Events: int64(len(times))})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// countedBySecond is the series by hand.
func countedBySecond(times []time.Time, gap time.Duration) (rows []int64, segments int, pause time.Duration) {
	sorted := slices.Clone(times)
	slices.SortFunc(sorted, time.Time.Compare)
	for i, at := range sorted {
		if i > 0 {
			pause = max(pause, at.Sub(sorted[i-1]))
		}
		switch {
		case i == 0 || at.Sub(sorted[i-1]) > gap:
			segments++
			rows = append(rows, 0)
		default:
			for range at.Unix() - sorted[i-1].Unix() {
				rows = append(rows, 0)
			}
		}
		rows[len(rows)-1]++
	}
	return rows, segments, pause
}

// TestClockInAnyOrder: whatever order events come in, oldest first, newest first or
// neither, the seconds, peaks and segments are those of the sorted times.
func TestClockInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(rapid.Int64Range(-1e9, 1e9).Draw(t, "start"), 0)
		gap := time.Duration(rapid.IntRange(1, 20_000).Draw(t, "gap")) * time.Second
		offsets := rapid.SliceOfN(rapid.Int64Range(0, 30_000_000), 1, 80).Draw(t, "milliseconds")
		var times []time.Time
		for _, ms := range offsets {
			times = append(times, start.Add(time.Duration(ms)*time.Millisecond))
		}
		switch rapid.IntRange(0, 2).Draw(t, "order") {
		case 0:
			slices.SortFunc(times, time.Time.Compare)
		case 1:
			slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
		}
		p := timesOf(t, gap, bounds{hours: 100, open: rapid.IntRange(1, 4).Draw(t, "open"), rows: 1 << 20}, times)
		want, segments, pause := countedBySecond(times, gap)
		var got []int64
		for _, r := range p.rows {
			for k := range r.seconds {
				got = append(got, r.share(k))
			}
		}
		if !slices.Equal(got, want) || len(p.Segments) != segments || int64(p.Seconds) != int64(len(want)) {
			t.Fatalf("%d segments with %v, want %d with %v", len(p.Segments), got, segments, want)
		}
		if p.PeakSecond != float64(slices.Max(want)) || p.AtLeast {
			t.Fatalf("peak %v, want %v", p.PeakSecond, slices.Max(want))
		}
		minutes, hours := map[int64]float64{}, map[int64]float64{}
		most, mostHour := 0.0, 0.0
		for _, at := range times {
			minute, hour := floorDiv(at.Unix(), 60), floorDiv(at.Unix(), 3600)
			minutes[minute]++
			hours[hour]++
			most, mostHour = max(most, minutes[minute]), max(mostHour, hours[hour])
		}
		if p.PeakHour != mostHour || segments == 1 && p.PeakMinute != most {
			t.Fatalf("%v in a minute, want %v; %v in an hour, want %v", p.PeakMinute, most, p.PeakHour, mostHour)
		}
		if off := p.Pause - pause.Seconds(); off < 0 || off > 2 {
			t.Fatalf("pause %v s, want %v", p.Pause, pause)
		}
	})
}

// TestPeaksOfLongRecordings: 3,000 events in one second are told as such in a day, in
// 30 and in 800, and the synthesis has them.
func TestPeaksOfLongRecordings(t *testing.T) {
	t.Parallel()
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, days := range []int{1, 30, 800} {
		for name, reverse := range map[string]bool{"oldest first": false, "newest first": true} {
			if reverse && days > 30 {
				continue
			}
			var times []time.Time
			for quarter := range 96 * days {
				times = append(times, start.Add(time.Duration(quarter)*15*time.Minute))
			}
			burst := start.Add(time.Duration(days)*20*time.Hour + 7*time.Minute)
			for i := range 3000 {
				times = append(times, burst.Add(time.Duration(i)*time.Second/3000))
			}
			slices.SortFunc(times, time.Time.Compare)
			if reverse {
				slices.Reverse(times)
			}
			p := timesOf(t, 12*time.Hour, clockBounds(), times)
			if p.PeakSecond != 3000 || p.PeakMinute != 3000 || p.PeakHour != 3004 || p.AtLeast {
				t.Errorf("%d days, %s: %v in a second, %v in a minute, %v in an hour", days, name,
					p.PeakSecond, p.PeakMinute, p.PeakHour)
			}
			shown := p.Synthesis.Rates.Bursts
			for i, b := range p.Bursts {
				if math.Abs(shown[i].CV/b.CV-1) > 0.02 || math.Abs(shown[i].PeakToMean/b.PeakToMean-1) > 0.02 {
					t.Errorf("%d days: %+v is shown as %+v", days, b, shown[i])
				}
			}
		}
	}
}

// TestClockWithinBounds: rows that are too many are joined where that costs least: the
// events and the burst stay, calm seconds share a row, and nothing is said of what is
// no longer known.
func TestClockWithinBounds(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var times []time.Time
	for second := range 24 * 3600 {
		n := int(random.ExpFloat64() * 1.5)
		if second == 50_000 {
			n = 500
		}
		for range n {
			times = append(times, start.Add(time.Duration(second)*time.Second))
		}
	}
	exact, bounded := timesOf(t, time.Hour, clockBounds(), times), timesOf(t, time.Hour, bounds{100, 2, 4000}, times)
	if len(bounded.rows) > 4100 || len(bounded.rows) < 400 || len(exact.rows) < 10_000 {
		t.Errorf("%d rows, and %d where there is room", len(bounded.rows), len(exact.rows))
	}
	events := func(p *Profile) (all int64) {
		for _, r := range p.rows {
			all += r.events
		}
		return all
	}
	if events(bounded) != int64(len(times)) || bounded.PeakSecond != 500 ||
		math.Abs(bounded.Bursts[0].CV/exact.Bursts[0].CV-1) > 1e-6 {
		t.Errorf("%d events of %d, peak %v, %+v", events(bounded), len(times), bounded.PeakSecond, bounded.Bursts[0])
	}
	if !slices.Contains(bounded.rows, row{1, 500}) {
		t.Error("the burst has no row of its own")
	}
	if off := bounded.Synthesis.Rates.Bursts[0].CV/exact.Bursts[0].CV - 1; math.Abs(off) > 0.1 {
		t.Errorf("the coefficient of variation is off by %v", off)
	}
	late := timesOf(t, time.Hour, bounds{100, 1, 50}, append(times, start))
	if !late.AtLeast || events(late) != int64(len(times))+1 {
		t.Error("an event that came when its seconds were gone is not told of")
	}
	crowded := timesOf(t, 48*time.Hour, bounds{2, 1, 1 << 20},
		[]time.Time{start, start.Add(time.Hour), start.Add(5 * time.Hour)})
	if events(crowded) != 3 || !crowded.AtLeast {
		t.Errorf("%d events of three hours where there is room for two", events(crowded))
	}
}

// TestLossOfBursts: what the rows cannot hold is said.
func TestLossOfBursts(t *testing.T) {
	t.Parallel()
	p := &Profile{Seconds: 1000, Bursts: []Bursts{{WindowSeconds: 1, CV: 2}}}
	for cv, want := range map[float64]string{
		1.9: "",
		1.5: "counts in windows of 1 s vary otherwise than recorded: their coefficient of variation is 1.5, was 2",
	} {
		p.Synthesis.Rates = Rates{Bursts: []Bursts{{WindowSeconds: 1, CV: cv}}}
		if got := p.lossOfBursts(); got != want {
			t.Errorf("%v: %q, want %q", cv, got, want)
		}
	}
	p.Seconds = 9
	if got := p.lossOfBursts(); got != "" {
		t.Errorf("of nine seconds: %q", got)
	}
}
