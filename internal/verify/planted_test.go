package verify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// start is off the grid, so that a cut time shows.
var start = time.Date(2026, 11, 30, 5, 42, 7, 123456789, time.UTC)

// load loads a scenario of so many events with all that makes them special.
func load(t testing.TB, events int, more string) *scenario.Scenario {
	t.Helper()
	text := fmt.Sprintf(`name: planted
load: {profile: 'const(%d, 10s)'}
batching: {events: 50}
traffic:
  seed: 42
  distinct_ids: {count: 2k, skew: 1.1}
  events: {$pageview: 60, $autocapture: 20, purchase: 10, $identify: 5, $create_alias: 1, $set: 2}
  visits: {events: 5, anonymous: 50%%}
  %s
`, events/10, more)
	s, err := scenario.Parse("planted.yaml", []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// planted is a run and the rows that a source of it holds.
type planted struct {
	run   *Run
	rows  []Row
	t     testing.TB
	sent  bool // properties are as they were sent
	loose bool // rows are in no order
}

// plant returns a run all of whose events were accepted, and a source that holds each
// of them, in their order.
func plant(t testing.TB, s *scenario.Scenario) *planted {
	t.Helper()
	dues := schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed)
	model, due := traffic.New(s.Traffic, s.Load.Curve), dues.Cursor().Due
	total := dues.Total()
	p := &planted{
		t: t, sent: true,
		run: &Run{ID: "20261130T054207Z-1", Name: s.Name, Scenario: s, Attempts: []Attempt{{
			Starts: []time.Time{start}, Load: s.Load.Curve.Span(),
			Fates: []results.Range{{First: 0, Count: total, Fate: capture.FateAccepted}},
		}}},
	}
	writer := &traffic.Writer{Start: start, Due: due}
	var e capture.Event
	for i := range total {
		model.Write(&e, i, writer)
		p.rows = append(p.rows, Row{
			UUID: e.UUID, Name: bytes.Clone(e.Name), DistinctID: bytes.Clone(e.DistinctID),
			Properties: bytes.Clone(e.Properties),
			Time:       start.Add(due(i) + 20*time.Millisecond),
		})
	}
	return p
}

// replay makes the run one that replayed a recording of the same events, under uuids that
// tell nothing.
func (p *planted) replay() *planted {
	dues := schedule.New(p.run.Scenario.Load.Curve, p.run.Scenario.Load.Arrivals, p.run.Scenario.Traffic.Seed)
	for i := range p.rows {
		h := xxh3.Hash128(p.rows[i].UUID[:])
		p.rows[i].UUID = capture.UUID(h.Bytes()).WithVersion(7)
	}
	events, due := slices.Clone(p.rows), dues.Cursor().Due
	p.run.Replay = func(each func(int64, time.Duration, *capture.Event) error) error {
		for i := range events {
			e := capture.Event{UUID: events[i].UUID, Name: events[i].Name, DistinctID: events[i].DistinctID,
				Properties: events[i].Properties}
			if err := each(int64(i), due(int64(i)), &e); err != nil {
				return err
			}
		}
		return nil
	}
	p.t.Cleanup(func() { p.run.Close() })
	return p
}

// fates sets what became of events from first on.
func (p *planted) fates(ranges ...results.Range) { p.run.Attempts[0].Fates = ranges }

// memory reads rows that lie in memory.
type memory struct {
	rows []Row
	at   int
	err  error // at the end
}

func (m *memory) Close() error { return nil }

func (m *memory) Next(r *Row) error {
	if m.at == len(m.rows) {
		if m.err != nil {
			return m.err
		}
		return io.EOF
	}
	*r = m.rows[m.at]
	m.at++
	return nil
}

// source is the source that holds the rows.
func (p *planted) source(end error) *Source {
	m := &memory{}
	return &Source{
		Kind: "memory", Name: "rows", Sent: p.sent, InOrder: !p.loose,
		Open:     func() (Reader, error) { m = &memory{rows: p.rows, err: end}; return m, nil },
		Position: func() (int64, int64) { return int64(m.at), int64(len(p.rows)) },
	}
}

// hold holds the source against the run.
func (p *planted) hold(t testing.TB) *Result {
	t.Helper()
	r, err := Hold(context.Background(), context.Background(), p.run, p.source(nil), Options{Thresholds: Implied()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// names lists which events of a kind are named.
func (r *Result) names(kind Kind) (indices []int64) {
	for _, n := range r.named[kind] {
		indices = append(indices, n.index())
	}
	return indices
}

// TestPlantedFaults: each fault is found and named, among 10^5 events, and nothing
// else is.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	for kind := range 4 {
		sent, replay := kind%2 == 0, kind >= 2
		t.Run(fmt.Sprintf("sent=%t,replay=%t", sent, replay), func(t *testing.T) {
			t.Parallel()
			p := plant(t, load(t, 100_000, ""))
			if p.sent = sent; replay {
				p.replay()
			}
			total := len(p.rows)
			other := plant(t, load(t, 1000, "")) // of another seed
			other.run.Scenario.Traffic.Seed = 43
			other = plant(t, other.run.Scenario)

			changed := bytes.Replace(p.rows[40_000].Properties, []byte(`"`), []byte(`"`), 1)
			p.rows[40_000].Properties = changeProperty(t, changed)
			i, j := sameID(p.rows, 50_000)
			p.rows[i], p.rows[j] = p.rows[j], p.rows[i]
			p.rows = append(p.rows, p.rows[777], p.rows[778], p.rows[99_998])
			p.rows = append(p.rows, other.rows...)
			p.rows = slices.Delete(p.rows, 12_345, 12_346)

			r := p.hold(t)
			got := &r.Report
			if got.Events.Accepted != (Accepted{Present: int64(total - 1), Lost: 1}) {
				t.Errorf("accepted: %+v", got.Events.Accepted)
			}
			want := Rows{All: int64(total + 3 + 1000 - 1), First: int64(total - 1), Duplicated: 3, Foreign: 1000}
			if got.Rows.All != want.All || got.Rows.First != want.First || got.Rows.Duplicated != 3 ||
				got.Rows.Foreign != 1000 || got.Rows.Planned != 0 {
				t.Errorf("rows: %+v, want %+v", got.Rows, want)
			}
			if got.Content.Altered != 1 || got.Content.AtLeast || got.Content.ByColumn["properties"] != 1 {
				t.Errorf("content: %+v", got.Content)
			}
			if got.Order.Misordered != 1 || !got.Order.Judged {
				t.Errorf("order: %+v", got.Order)
			}
			for kind, want := range map[Kind][]int64{
				KindLost: {12_345}, KindDuplicated: {777, 778, 99_998}, KindAltered: {40_000},
				KindMisordered: {int64(i)},
			} {
				if names := r.names(kind); !slices.Equal(names, want) {
					t.Errorf("%s names %d, want %d", kind, names, want)
				}
			}
			if n := r.named[KindAltered]; len(n) == 1 &&
				(len(n[0].Altered) != 1 || n[0].Altered[0][:len("properties.")] != "properties.") {
				t.Errorf("altered is %q, want one property", n[0].Altered)
			}
			if len(r.named[KindForeign]) != MostNamed || got.Verdict != Fail {
				t.Errorf("%d foreign events are named, and the verdict is %s", len(r.named[KindForeign]), got.Verdict)
			}
		})
	}
}

// changeProperty changes one character of a text among properties.
func changeProperty(t *testing.T, properties []byte) []byte {
	t.Helper()
	var text []byte
	eachMember(properties, func(_, value []byte) {
		if value[0] == '"' && len(value) > 4 && text == nil {
			text = value
		}
	})
	if text == nil {
		t.Fatalf("%s has no text to change", properties)
	}
	changed := bytes.Clone(text)
	changed[1] ^= 1
	return bytes.Replace(properties, text, changed, 1)
}

// sameID finds two events of one distinct_id, from one on, of which none lies between.
func sameID(rows []Row, from int) (i, j int) {
	for i = from; ; i++ {
		for j = i + 1; j < len(rows); j++ {
			if bytes.Equal(rows[i].DistinctID, rows[j].DistinctID) {
				return i, j
			}
		}
	}
}

// TestNothingInvented: of clean runs, however their rows are shuffled, nothing is
// told.
func TestNothingInvented(t *testing.T) {
	t.Parallel()
	for n := range 20 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := load(t, 1000+870*n, "faults: {duplicates: 1%, copies: 1%}")
			s.Traffic.Seed = uint64(n)
			p := plant(t, s)
			if p.sent = n%2 == 0; n%4 > 1 {
				p.replay()
			}
			if p.loose = n%3 == 0; p.loose {
				rand.New(rand.NewPCG(1, uint64(n))).Shuffle(len(p.rows), func(i, j int) {
					p.rows[i], p.rows[j] = p.rows[j], p.rows[i]
				})
			}
			r := p.hold(t)
			total := int64(len(p.rows))
			e := &r.Report.Events
			if e.Planned != total || e.Accepted.Present+e.Repeated != total || e.Repeated != r.Report.Rows.Planned ||
				e.Repeated == 0 {
				t.Errorf("events: %+v, rows: %+v, of %d", e, r.Report.Rows, total)
			}
			if len(r.named) > 0 || r.Report.Content.Altered > 0 || r.Report.Rows.Duplicated > 0 || e.Merged > 0 {
				t.Errorf("named: %v, report: %+v", r.named, r.Report)
			}
			if want := s.Traffic.Faults.Duplicates; r.Report.Verdict != Pass || want == 0 {
				t.Errorf("the verdict is %s", r.Report.Verdict)
			}
		})
	}
}

// TestRewritten: a pipeline that writes properties again, in another order and form, and
// adds to them, alters nothing; one that drops what was sent does.
func TestRewritten(t *testing.T) {
	t.Parallel()
	p := plant(t, load(t, 20_000, ""))
	p.sent = false
	for i := range p.rows {
		p.rows[i].Properties = rewritten(p.rows[i].Properties)
	}
	if r := p.hold(t); r.Report.Content.Altered != 0 || r.Report.Verdict != Pass {
		t.Errorf("content: %+v, altered: %v", r.Report.Content, r.named[KindAltered])
	}
	p.rows[17_001].Properties = []byte(`{}`)
	if r := p.hold(t); r.Report.Content.Altered != 1 || !slices.Equal(r.names(KindAltered), []int64{17_001}) {
		t.Errorf("content: %+v, altered: %v", r.Report.Content, r.named[KindAltered])
	}
}

// rewritten writes properties as a pipeline in JavaScript may: the last member first,
// escapes of another kind, and members of its own.
func rewritten(properties []byte) []byte {
	var members [][]byte
	eachMember(properties, func(name, value []byte) {
		if string(value) == "0" {
			value = []byte("0.0")
		}
		value = bytes.ReplaceAll(value, []byte("/"), []byte(`\/`))
		members = append(members, fmt.Appendf(nil, ` "%s" : %s`, name, value))
	})
	slices.Reverse(members)
	members = append(members, []byte(`"$geoip_country_code":"PT"`))
	return append(append([]byte("{"), bytes.Join(members, []byte(","))...), '}')
}
