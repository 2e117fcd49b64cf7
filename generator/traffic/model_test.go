package traffic

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// parse reads a scenario of so many events with this traffic.
func parse(t testing.TB, events int64, text string) *scenario.Traffic {
	t.Helper()
	s, err := scenario.Parse("test.yaml", fmt.Appendf(nil, "name: t\nload: {profile: 'const(1000, %dms)'}\ntraffic:\n%s", events, text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Traffic
}

// along returns the model of a run of so many events, an event a millisecond.
func along(t *scenario.Traffic, events int64) *Model {
	return New(t, curveOf(schedule.Stage{From: 1000, To: 1000, Over: time.Duration(events) * time.Millisecond}))
}

// curveOf returns a sound curve.
func curveOf(stages ...schedule.Stage) *schedule.Curve {
	curve, _ := schedule.NewCurve(stages)
	return curve
}

const shop = `
  seed: 42
  distinct_ids: {count: 10k, skew: 1.1, hot: [{share: 5%}, {id: kiosk, events: 777}]}
  events: {$pageview: 70, purchase: 10, $identify: 3, $create_alias: 0.5, $merge_dangerously: 0.1, $groupidentify: 1, $set: 2}
  properties: {bytes: {p50: 400, p99: 2000}}
`

// tiny leaves out every property that an event can do without.
const tiny = "  properties: {bytes: {p50: 1, p99: 1}}\n"

// newWriter returns a Writer of a run that begins at a fixed time, an event a
// millisecond.
func newWriter() *Writer {
	return &Writer{Start: time.Unix(1_700_000_000, 0), Due: func(i int64) time.Duration { return time.Duration(i) * time.Millisecond }}
}

// read is an event as the far end reads it.
type read struct {
	Index      int64
	Bytes      int
	Fault      string
	Event      string
	DistinctID string `json:"distinct_id"`
	UUID       string
	Timestamp  time.Time
	Properties map[string]any
}

// readAll returns the events [from, to) as the far end reads them.
func readAll(t interface{ Fatalf(string, ...any) }, m *Model, from, to int64) []read {
	pen := newWriter()
	var all []read
	var e capture.Event
	for i := from; i < to; i++ {
		m.Write(&e, i, pen)
		text := capture.AppendEvent(nil, &e)
		r := read{Index: i, Bytes: len(text), Fault: m.Fault(i, pen)}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatalf("event %d: %v in %s", i, err, text)
		}
		all = append(all, r)
	}
	return all
}

// near tells whether a count is within five standard deviations of a binomial one.
func near(got, n, share float64) bool {
	return math.Abs(got-n*share) <= 5*math.Sqrt(n*share*(1-share))+1e-9
}

func TestMixAndHotShares(t *testing.T) {
	t.Parallel()
	const n = 40_000
	got := map[string]float64{}
	bare := strings.Replace(shop, "{p50: 400, p99: 2000}", "{p50: 1, p99: 1}", 1)
	for _, e := range readAll(t, along(parse(t, n, bare), n), 0, n) {
		got[e.Event]++
		got["id "+e.DistinctID]++
	}
	for what, weight := range map[string]float64{
		"$pageview": 70, "purchase": 10, "$identify": 3, "$create_alias": 0.5,
		"$merge_dangerously": 0.1, "$groupidentify": 1, "$set": 2,
	} {
		if !near(got[what], n, weight/86.6) {
			t.Errorf("%s: %v times of %d, want about %.0f", what, got[what], n, n*weight/86.6)
		}
	}
	// 5 % of 40,000, and the number asked for: to the event
	if got["id hot-1"] != 2000 || got["id kiosk"] != 777 {
		t.Errorf("hot-1 has %v events and kiosk %v, want 2000 and 777", got["id hot-1"], got["id kiosk"])
	}
}

// TestRanks holds whole events of crowds of different skew against the exact
// shares of their ranks: chi-square over the first 100 ranks and all others, and
// each of the 100 by itself.
func TestRanks(t *testing.T) {
	t.Parallel()
	const n, ranks = 120_000, 100
	for _, skew := range []float64{0, 0.7, 0.99, 1.1, 2} {
		t.Run(fmt.Sprint(skew), func(t *testing.T) {
			t.Parallel()
			traffic := parse(t, n, fmt.Sprintf("  distinct_ids: {count: 5000, skew: %v}\n  events: {ping: {from: server, properties: {}}}\n", skew))
			m := along(traffic, n)
			rank := map[string]int{}
			for r := range person(ranks) {
				rank[string(m.planner.people.appendID(nil, r))] = int(r)
			}
			got := make([]float64, ranks+1)
			pen := newWriter()
			var e capture.Event
			for i := range int64(n) {
				m.Write(&e, i, pen)
				r, top := rank[string(e.DistinctID)]
				if !top {
					r = ranks
				}
				got[r]++
			}
			want := shares(5000, skew)
			rest := 1.0
			for r, p := range want[:ranks] {
				rest -= p
				if !near(got[r], n, p) && n*p > 20 {
					t.Errorf("rank %d: %v events, want about %.0f", r, got[r], n*p)
				}
			}
			if chi := chiSquare(got, append(want[:ranks:ranks], rest), n); chi > 160 {
				t.Errorf("chi-square %.0f over %d degrees of freedom, want below 160", chi, ranks)
			}
		})
	}
}

// TestSizes holds the encoded sizes against the percentiles asked for.
func TestSizes(t *testing.T) {
	t.Parallel()
	const n = 8_000.0
	below, far := 0.0, 0.0
	for _, e := range readAll(t, along(parse(t, n, shop), n), 0, n) {
		if e.Bytes <= 400 {
			below++
		}
		if e.Bytes > 2000 {
			far++
		}
	}
	if math.Abs(below/n-0.5) > 0.03 {
		t.Errorf("%.1f %% of the events are at most 400 bytes, want 50", below/n*100)
	}
	if math.Abs(far/n-0.01) > 0.004 {
		t.Errorf("%.2f %% of the events are over 2,000 bytes, want 1", far/n*100)
	}
}

func TestGrowth(t *testing.T) {
	t.Parallel()
	const n = 20_000
	m := along(parse(t, n, "  distinct_ids: {count: 100, skew: 0, growth: 4%}\n"+tiny), n)
	known := map[string]bool{}
	for r := range person(100) {
		known[string(m.planner.people.appendID(nil, r))] = true
	}
	var joined [2]int
	returning := 0
	for _, e := range readAll(t, m, 0, n) {
		if !known[e.DistinctID] {
			joined[e.Index*2/n]++
			known[e.DistinctID] = true
			continue
		}
		returning++
	}
	// 4 % of 20,000 events, spread evenly over the run (a block's share may lie
	// anywhere in the block, and the middle cuts one).
	if joined[0]+joined[1] != 800 || math.Abs(float64(joined[0]-400)) > 60 {
		t.Errorf("%d persons join in the first half and %d in the second, want 800 in all", joined[0], joined[1])
	}
	if len(known) != 900 || returning != n-800 {
		t.Errorf("%d persons, %d events of known ones; want 900 and 19200", len(known), returning)
	}
}

// TestWriteDoesNotAllocate writes over the borders of blocks, with everything
// that a scenario can ask for.
func TestWriteDoesNotAllocate(t *testing.T) {
	const n = 10 * blockEvents
	m := along(parse(t, n, `
  distinct_ids: {count: 1G, skew: 0.9, growth: 3%, style: email, hot: [{share: 5%}]}
  visits: {events: 3, anonymous: 60%}
  merges: {chains: 10%, fan_in: 10%, reused: 5%, delay: {p50: 10s, p90: 1m}}
  events: {$pageview: 50, $autocapture: 20, buy: {weight: 20, from: server, properties: {a: {words: 3}, b: {choices: {x: 1, y: 2}}, c: {number: [1, 9999]}}}, $identify: 5}
  groups: {company: 20}
  personless: 30%
  properties: {bytes: {p50: 300, p99: 2kB}}
  timestamps: {from: 2025-01-01, to: 2025-06-30, disorder: 5m, clock_skew: 2s, day: 50%, weekend: 20%}
  faults: {duplicates: 1%, copies: 1%, merges_out_of_order: 5%, invalid: {illegal_id: 1%, long_name: 1%, bad_timestamp: 1%}}
`), n)
	pen := newWriter()
	var e capture.Event
	write := func(from int64) {
		for i := from; i < from+blockEvents; i++ {
			m.Write(&e, i%n, pen)
		}
	}
	for b := range int64(2) { // grow the buffers
		write(b * blockEvents)
	}
	from := int64(2*blockEvents + 100)
	if n := testing.AllocsPerRun(1, func() { write(from); from += blockEvents }); n > 1 {
		t.Errorf("writing a block of events allocates %v times, want 0, or the growth of a buffer", n)
	}
}

// TestReadyScenariosAreCoherent replays the first events of every scenario that
// comes with the project and synthesizes.
func TestReadyScenariosAreCoherent(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no scenarios: %v", err)
	}
	merges := 0
	for _, file := range files {
		s, err := scenario.LoadWith(file, scenario.Options{Set: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		if s.Traffic == nil {
			continue
		}
		total := s.Load.Curve.Total()
		g := newGraph()
		for _, e := range readAll(t, New(s.Traffic, s.Load.Curve), 0, min(total, 2_000)) {
			g.add(t, e)
		}
		merges += g.merges
	}
	if merges < 300 {
		t.Errorf("%d merges in all, want 300 at least", merges)
	}
}

func TestStylesOfIDs(t *testing.T) {
	t.Parallel()
	for style, length := range map[scenario.IDStyle]int{
		scenario.StyleOpaque: 21, scenario.StyleUUID: 36, scenario.StyleEmail: 0, scenario.StyleNumeric: 0, scenario.StyleLong: 200,
	} {
		p := population{count: 1e9, style: style, seed: 3}
		seen := map[string]bool{}
		for who := range person(20_000) {
			id := string(p.appendID(nil, who*49_999))
			if seen[id] || len(id) > capture.MaxDistinctID || length != 0 && len(id) != length {
				t.Fatalf("%s: person %d has id %q of %d characters", style, who, id, len(id))
			}
			seen[id] = true
		}
	}
}

func TestGroupsAndPersonless(t *testing.T) {
	t.Parallel()
	const n = 4_000
	m := along(parse(t, n, "  distinct_ids: {count: 1000}\n  groups: {company: 20, team: 5}\n  personless: 30%\n  events: {a: 90, $groupidentify: 5, $identify: 5}\n"), n)
	company := map[string]any{}
	personless, ordinary := 0.0, 0.0
	for _, e := range readAll(t, m, 0, n) {
		groups, _ := e.Properties["$groups"].(map[string]any)
		if len(groups) != 2 {
			t.Fatalf("event %d has groups %v", e.Index, groups)
		}
		if before, known := company[e.DistinctID]; known && before != groups["company"] {
			t.Fatalf("event %d: %s belongs to %v and to %v", e.Index, e.DistinctID, before, groups["company"])
		}
		company[e.DistinctID] = groups["company"]
		if e.Event == scenario.EventGroupIdentify && e.Properties["$group_key"] != groups["company"] {
			t.Fatalf("event %d describes %v of a person of %v", e.Index, e.Properties["$group_key"], groups["company"])
		}
		none := e.Properties["$process_person_profile"] == false
		if none && e.Event != "a" {
			t.Fatalf("event %d: a %s without a person does nothing", e.Index, e.Event)
		}
		if e.Event == "a" {
			ordinary++
		}
		if none {
			personless++
		}
	}
	if !near(personless, ordinary, 0.3) {
		t.Errorf("%v of %v ordinary events are personless, want 30 %%", personless, ordinary)
	}
}

// TestVisitsAreAsLong as asked for on average, whoever else begins one: persons who
// join, and ids that wait for their merge. All sessions here begin anonymous, with an
// id of their own, so that they can be counted.
func TestVisitsAreAsLong(t *testing.T) {
	t.Parallel()
	const n = 4 * blockEvents
	for _, c := range []struct {
		more string
		want float64
	}{
		{"", 5},
		{"  distinct_ids: {growth: 10%}\n", 5},
		{"  distinct_ids: {growth: 10%}\n  merges: {delay: {p50: 2s, p90: 10s}}\n", 5},
		{"  distinct_ids: {growth: 25%}\n", 4}, // every fourth begins one, however many go on
	} {
		text := tiny + "  visits: {events: 5, anonymous: 100%}\n  events: {$pageview: 98, $identify: 2}\n" + c.more
		m, p, e := along(parse(t, n, text), n), newWriter(), capture.Event{}
		visits, events := map[string]bool{}, 0
		for i := range int64(n) {
			m.Write(&e, i, p)
			if string(e.Name) != "$pageview" {
				continue
			}
			events++
			if id := string(e.DistinctID); !strings.HasPrefix(id, "user_") { // as it has after the merge
				visits[id] = true
			}
		}
		if got := float64(events) / float64(len(visits)); math.Abs(got/c.want-1) > 0.04 {
			t.Errorf("%s: %.2f events a visit, want %v", c.more, got, c.want)
		}
	}
}
