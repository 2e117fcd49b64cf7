package sql

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/verify"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// began is when the runs of these tests began.
var began = time.Date(2026, 11, 30, 5, 42, 7, 0, time.UTC)

// sent is a run all of whose events were accepted, but for a stretch that is ambiguous,
// and what a table holds of it.
func sent(t testing.TB, events int, more string) (*verify.Run, []stored) {
	t.Helper()
	s, err := scenario.Parse("sql.yaml", fmt.Appendf(nil, `name: sql
load: {profile: 'const(%d, 10s)'}
batching: {events: 50}
traffic:
  seed: 42
  distinct_ids: {count: 500}
  events: {$pageview: 60, purchase: 10, $performance_event: 3, $identify: 5}
  visits: {events: 5, anonymous: 50%%}
  %s
`, events/10, more), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dues := schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed)
	model, w := traffic.New(s.Traffic, s.Load.Curve), &traffic.Writer{Start: began, Due: dues.Cursor().Due}
	total := dues.Total()
	unsure := total / 10
	run := &verify.Run{ID: "r", Name: "sql", Scenario: s, Attempts: []verify.Attempt{{
		Starts: []time.Time{began}, Load: 10 * time.Second,
		Fates: []results.Range{
			{First: 0, Count: unsure, Fate: capture.FateAccepted},
			{First: unsure, Count: 100, Fate: capture.FateAmbiguous},
			{First: unsure + 100, Count: total - unsure - 100, Fate: capture.FateAccepted},
		},
	}}}
	var table []stored
	var e capture.Event
	for i := range total {
		model.Write(&e, i, w)
		if capture.IsFiltered(e.Name) {
			continue
		}
		table = append(table, stored{e.UUID.String(), string(e.Name), string(e.DistinctID), string(e.Properties),
			began.Add(w.Due(i) + time.Second)})
	}
	return run, table
}

// whole reads all rows of a table, as an export has them: what counts and sums are held
// against.
func whole(table []stored) *verify.Source {
	return &verify.Source{
		Kind: "table", Name: "table", Position: func() (int64, int64) { return 0, 0 },
		Open: func() (verify.Reader, error) { return &tableReader{left: table}, nil },
	}
}

type tableReader struct{ left []stored }

func (r *tableReader) Close() error { return nil }

func (r *tableReader) Next(row *verify.Row) error {
	if len(r.left) == 0 {
		return io.EOF
	}
	s := r.left[0]
	r.left = r.left[1:]
	u, err := capture.ParseUUID([]byte(s.uuid))
	*row = verify.Row{UUID: u, Name: []byte(s.event), DistinctID: []byte(s.id), Properties: []byte(s.properties),
		Time: s.came}
	return err
}

// ask holds what a fake answers against a run.
func ask(t testing.TB, run *verify.Run, f *fake, o Options) (*verify.Report, string) {
	t.Helper()
	o.Kind, o.Since = "clickhouse", began
	if f.hogql {
		o.Kind = "hogql"
	}
	if o.Properties == "" {
		o.Properties = Sample
	}
	o.Endpoint.URL, _ = url.Parse("http://127.0.0.1:1/?database=d")
	o.Endpoint.Transport = f
	source, err := Open(t.Context(), run, o)
	if err != nil {
		return nil, err.Error()
	}
	return hold(t, run, source)
}

// TestWatchedTable: a table that fills is counted until everything may be there, and then
// read: a duplicate that hides a missing event does not end the watch.
func TestWatchedTable(t *testing.T) {
	t.Parallel()
	run, all := sent(t, 4000, "")
	f := &fake{}
	o := Options{Kind: "clickhouse", Since: began, Properties: Sample}
	o.Endpoint.URL, _ = url.Parse("http://127.0.0.1:1/")
	o.Endpoint.Transport = f
	source, err := Open(t.Context(), run, o) // the table is empty
	if err != nil {
		t.Fatal(err)
	}
	gone, twin := twins(all)
	left := append(slices.Delete(slices.Clone(all), gone, gone+1), all[twin])
	steps, missing := 0, int64(0)
	r, err := verify.Hold(t.Context(), t.Context(), run, source, verify.Options{
		Thresholds: verify.Implied(),
		Watch: &verify.Watch{Deadline: 20 * time.Second, Every: time.Nanosecond, Seen: func(p verify.Point, e int64) {
			n := min(900, len(left))
			if f.table, left = append(f.table, left[:n]...), left[n:]; len(left) > 0 || p.Rows < int64(len(all)) {
				return
			}
			missing = max(missing, e-p.Visible)
			if steps++; steps == 3 { // it was read, and seen not to change
				f.table = append(f.table, all[gone])
			}
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := r.Report.Drain
	if e := r.Report.Events; e.Accepted.Lost != 0 || e.Accepted.Present != d.Expected || e.Duplicated != 1 ||
		r.Report.Rows.All != int64(len(all)+1) || !d.Reached || steps != 4 || missing != 1 {
		t.Errorf("%+v, rows %+v, drain %+v after %d looks at all", e, r.Report.Rows, d, steps)
	}
}

// twins are two rows whose uuids begin alike.
func twins(all []stored) (a, b int) {
	before := map[string]int{}
	for b = range all {
		a, alike := before[all[b].uuid[:fewDigits]]
		if alike && all[a].uuid != all[b].uuid {
			return a, b
		}
		before[all[b].uuid[:fewDigits]] = b
	}
	return 0, 0
}

func hold(t testing.TB, run *verify.Run, source *verify.Source) (*verify.Report, string) {
	t.Helper()
	r, err := verify.Hold(context.Background(), context.Background(), run, source,
		verify.Options{Thresholds: verify.Implied()})
	if err != nil {
		t.Fatal(err)
	}
	var named bytes.Buffer
	if err := r.WriteEvents(&named); err != nil {
		t.Fatal(err)
	}
	return &r.Report, named.String()
}

// spoilt returns a table with faults, each drawn from a seed.
func spoilt(table []stored, seed uint64, foreign int) []stored {
	r := rand.New(rand.NewPCG(seed, 1))
	table = append([]stored(nil), table...)
	for range r.IntN(4) {
		at := r.IntN(len(table))
		table = append(table[:at], table[at+1:]...)
	}
	for range r.IntN(4) {
		table = append(table, table[r.IntN(len(table))])
	}
	for range r.IntN(3) {
		table[r.IntN(len(table))].id = "somebody else"
	}
	for range r.IntN(3) {
		table[r.IntN(len(table))].event = "$renamed"
	}
	for range foreign {
		var u capture.UUID
		for i := range u {
			u[i] = byte(r.Uint32())
		}
		table = append(table, stored{u.WithVersion(4).String(), "x", "y", "{}", began.Add(time.Minute)})
	}
	r.Shuffle(len(table), func(i, j int) { table[i], table[j] = table[j], table[i] })
	return table
}

// TestSumsAgainstRows: counts and sums, with the rows that they lead to, find what a
// reading of all rows finds, whichever database is asked and however early buckets are
// split.
func TestSumsAgainstRows(t *testing.T) {
	t.Parallel()
	run, clean := sent(t, 4000, "faults: {duplicates: 1%}")
	for seed := range uint64(4) {
		table := clean
		if seed > 0 {
			table = spoilt(clean, seed, int(seed%3)*200)
		}
		want, names := hold(t, run, whole(table))
		for _, o := range []limits{
			{rows: 1 << 20, chunk: 700, pulled: 1 << 40, split: 1 << 40, sample: 1},
			{rows: 1 << 15, chunk: 100, pulled: 1 << 40, split: 0, sample: 20},
		} {
			f := &fake{table: table, hogql: seed%2 == 1}
			got, found := ask(t, run, f, Options{limits: o})
			if got == nil {
				t.Fatal(found)
			}
			if !got.Source.Complete || got.Events != want.Events || got.Content.Altered != want.Content.Altered ||
				got.Rows.First != want.Rows.First || got.Rows.Duplicated != want.Rows.Duplicated ||
				got.Rows.Foreign != want.Rows.Foreign || got.Rows.All != want.Rows.All || got.Verdict != want.Verdict {
				t.Errorf("seed %d, %+v:\ngot  %+v %+v %+v %s\nwant %+v %+v %+v", seed, o, got.Events, got.Rows, got.Content,
					got.Source.Why, want.Events, want.Rows, want.Content)
			}
			if o.split == 0 && seed == 0 && got.Content.Summed == 0 {
				t.Error("every row was read")
			}
			for _, kind := range []string{"lost", "duplicated", "altered"} {
				if a, b := naming(found, kind), naming(names, kind); a != b {
					t.Errorf("seed %d: named %s\n%s\nwant\n%s", seed, kind, a, b)
				}
			}
		}
	}
}

// naming are the lines that name events of a kind, in their order as text.
func naming(text, kind string) string {
	var all []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, `{"kind":"`+kind+`"`) {
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

// TestProperties: a property that was changed is found where properties are compared.
func TestProperties(t *testing.T) {
	t.Parallel()
	run, table := sent(t, 3000, "")
	table[1234].properties = strings.Replace(table[1234].properties, `":"`, `":"not `, 1)
	r, named := ask(t, run, &fake{table: table}, Options{Properties: All})
	if r == nil || r.Content.Altered != 1 || !strings.Contains(named, `"altered"`) {
		t.Errorf("all: %+v %s", r, "")
	}
	r, _ = ask(t, run, &fake{table: table}, Options{Properties: None})
	if r == nil || r.Content.Altered != 0 || r.Verdict != verify.Invalid || r.Because != verify.NotKnown ||
		len(r.Source.Missing) != 1 || r.Source.Missing[0] != "properties" {
		t.Errorf("none: %+v %s", r, "")
	}
}
