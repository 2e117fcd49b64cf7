package traffic

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/scenario"
)

// TestFaults counts the faults of a run at the far end and holds them against
// the plan, which is met to the event.
func TestFaults(t *testing.T) {
	t.Parallel()
	const n = 20_000
	m := along(parse(t, n, `
  distinct_ids: {count: 1G, skew: 0, hot: [{share: 10%}]}
  events: {a: {weight: 97, from: server}, b: 2, $identify: 1}
  faults:
    duplicates: 1%
    copies: 0.5%
    invalid: {no_distinct_id: 0.1%, illegal_id: 0.2%, long_name: 0.3%, over_size: 0.02%, bad_timestamp: 0.4%}
`), n)
	got := map[string]int64{}
	uuids, contents := map[string]bool{}, map[string]bool{}
	for _, e := range readAll(t, m, 0, n) {
		content := e.Event + e.DistinctID + e.Timestamp.String()
		switch {
		case e.DistinctID == "hot-1" && e.Fault == "":
			got["hot-1"]++
		case e.DistinctID == "":
			got["no_distinct_id"]++
		case illegal(e.DistinctID):
			got["illegal_id"]++
		case len(e.Event) > 200:
			got["long_name"]++
		case e.Bytes > capture.MaxEvent:
			got["over_size"]++
		case e.Timestamp.Year() == 9999:
			got["bad_timestamp"]++
		case uuids[e.UUID] && contents[content]:
			got["duplicate"]++
		case contents[content]:
			got["copy"]++
		}
		uuids[e.UUID], contents[content] = true, true
	}
	want := map[string]int64{
		"hot-1": 2000, "duplicate": 200, "copy": 100, "no_distinct_id": 20, "illegal_id": 40, "long_name": 60, "over_size": 4, "bad_timestamp": 80,
	}
	planned := map[string]int64{}
	for _, c := range m.Counts() {
		planned[c.What] = c.Events
	}
	for what, n := range want {
		if got[what] != n || planned[what] != n {
			t.Errorf("%s: %d events, planned %d, want %d", what, got[what], planned[what], n)
		}
	}
	if len(planned) != len(want) {
		t.Errorf("planned %v, want %v", planned, want)
	}
}

func illegal(id string) bool {
	for _, i := range illegalIDs {
		if id == i {
			return true
		}
	}
	return false
}

// TestQuotasAddUp: wherever a run is cut into blocks, the assignments of all blocks
// together are as many as asked for.
func TestQuotasAddUp(t *testing.T) {
	t.Parallel()
	const total = 1<<53 - 1 // the longest run there is
	q := quota{want: total / 3}
	if got := q.upTo(total, total); got != q.want {
		t.Errorf("a whole run has %d cards, want %d", got, q.want)
	}
	sum := int64(0)
	for cuts, from := int64(7), int64(0); from < total; from += total / cuts {
		sum += q.upTo(min(from+total/cuts, total), total) - q.upTo(from, total)
	}
	if sum != q.want {
		t.Errorf("the parts of a run have %d cards, want %d", sum, q.want)
	}
}

// TestClock walks a year with a day and a week: in order, from end to end, less
// at night and on weekends of the zone.
func TestClock(t *testing.T) {
	t.Parallel()
	const n = 60_000
	zone := time.FixedZone("", 2*3600)
	m := along(parse(t, n, "  timestamps: {from: 2024-12-02, to: 2025-12-01, zone: +02:00, day: 80%, weekend: 50%}\n"), n)
	from, to := time.Date(2024, 12, 2, 0, 0, 0, 0, time.UTC), time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	last := from
	var hours [24]float64
	weekend := 0.0
	pen := newWriter()
	for i := range int64(n) {
		at := m.timestamps.at(i, 0, pen)
		if at.Before(last) || !at.Before(to) {
			t.Fatalf("event %d is of %v, after one of %v", i, at, last)
		}
		last = at
		local := at.In(zone)
		hours[local.Hour()]++
		if local.Weekday() == time.Saturday || local.Weekday() == time.Sunday {
			weekend++
		}
	}
	if first := m.timestamps.at(0, 0, pen); !first.Equal(from) || to.Sub(last) > time.Hour {
		t.Errorf("events lie from %v to %v, want %v to %v", first, last, from, to)
	}
	if night := hours[3] / hours[15]; night < 0.18 || night > 0.22 {
		t.Errorf("the rate at 3 is %.2f of that at 15, want 0.20", night)
	}
	// two days at half the rate beside five: 1 of 6
	if share := weekend / n; share < 0.160 || share > 0.173 {
		t.Errorf("%.3f of the events are of a weekend, want 0.167", share)
	}
}

func TestDisorderAndClockSkew(t *testing.T) {
	t.Parallel()
	const n = 10_000
	plain := parse(t, n, "  timestamps: {from: 2025-01-01, to: 2025-01-02}\n")
	shaken := *plain
	shaken.Timestamps.Disorder = 10 * time.Minute
	skewed := *plain
	skewed.Timestamps.ClockSkew = time.Minute
	a, b, c := newTimestamper(plain, n), newTimestamper(&shaken, n), newTimestamper(&skewed, n)
	var back, off time.Duration
	for i := range int64(n) {
		at := a.at(i, 0, newWriter())
		d := at.Sub(b.at(i, 0, newWriter()))
		if d < 0 || d > 10*time.Minute {
			t.Fatalf("event %d lies %v before its place", i, d)
		}
		back += d
		who := person(i % 500)
		skew := c.at(i, who, newWriter()).Sub(at)
		if again := c.at(int64(who), who, newWriter()).Sub(a.at(int64(who), 0, newWriter())); again != skew {
			t.Fatalf("the clock of %d is off by %v and by %v", who, skew, again)
		}
		off += skew.Abs()
	}
	if mean := back / n; mean < 290*time.Second || mean > 310*time.Second {
		t.Errorf("events lie %v before their place on average, want 5m", mean)
	}
	// The mean of |x| for a normal x is √(2/π) = 0.798 standard deviations.
	if mean := off / n; mean < 44*time.Second || mean > 52*time.Second {
		t.Errorf("clocks are off by %v on average, want 48s", mean)
	}
}

func TestScenarioKindsAllHaveAMark(t *testing.T) {
	t.Parallel()
	for _, kind := range scenario.InvalidKinds() {
		if traitOf(kind).fault() != string(kind) {
			t.Errorf("%s is marked as %q", kind, traitOf(kind).fault())
		}
	}
}

// TestCountNames: the names of events are counted without making them, whichever blocks
// were planned before and whichever part of them is asked about.
func TestCountNames(t *testing.T) {
	t.Parallel()
	const n = 40_000
	text := `
  events: {a: {weight: 97, from: server}, b: 2, $identify: 1}
  faults: {duplicates: 3%, copies: 2%, merges_out_of_order: 20%, invalid: {long_name: 0.3%}}
`
	m := along(parse(t, n, text), n)
	w := Writer{Due: func(i int64) time.Duration { return time.Duration(i) }}
	var e capture.Event
	names, numbers := m.Names(), make([]int, n)
	for i := range int64(n) {
		m.Write(&e, i, &w)
		name := string(e.Name)
		if len(e.Name) > 200 {
			name = string(scenario.InvalidLongName)
		}
		numbers[i] = slices.Index(names, name)
	}
	unplanned := along(parse(t, n, text), n)
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.OneOf(rapid.Int64Range(0, n), rapid.SampledFrom([]int64{0, blockEvents, 2 * blockEvents, n}))
		from, to := at.Draw(t, "from"), at.Draw(t, "to")
		want := make([]int64, len(names))
		for i := from; i < to; i++ {
			want[numbers[i]]++
		}
		for name, m := range map[string]*Model{"planned": m, "not planned": unplanned} {
			got := make([]int64, len(names))
			if m.CountNames(got, from, to, &Writer{}); !slices.Equal(got, want) {
				t.Fatalf("%s: %d to %d have names %v, want %v", name, from, to, got, want)
			}
		}
	})
}
