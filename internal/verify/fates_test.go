package verify

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// TestFates: every combination of what became of an event and how often it is there
// stands where it belongs.
func TestFates(t *testing.T) {
	t.Parallel()
	t.Run("synthesized", func(t *testing.T) { t.Parallel(); testFates(t, plant(t, load(t, 1000, ""))) })
	t.Run("replayed", func(t *testing.T) { t.Parallel(); testFates(t, plant(t, load(t, 1000, "")).replay()) })
}

func testFates(t *testing.T, p *planted) {
	p.fates(
		results.Range{First: 0, Count: 100, Fate: capture.FateAccepted},
		results.Range{First: 100, Count: 100, Fate: capture.FateAmbiguous},
		results.Range{First: 200, Count: 100, Fate: capture.FateMayBeStored},
		results.Range{First: 300, Count: 100, Fate: capture.FateRejected},
		results.Range{First: 400, Count: 100, Fate: capture.FateUnsent},
	)
	var rows []Row
	for k := range 10 { // every stretch of a hundred: 60 are absent, 30 once, 10 twice
		rows = append(rows, p.rows[k*100:k*100+40]...)
		rows = append(rows, p.rows[k*100:k*100+10]...)
	}
	p.rows = rows
	r := p.hold(t)
	want := Events{
		Planned: 1000, Accepted: Accepted{Present: 40, Lost: 60}, Unsure: Unsure{Arrived: 80, NotArrived: 120},
		Rejected: Refusals{Absent: 60, Taken: 40}, Unsent: Unsent{Absent: 360, Seen: 240}, Duplicated: 40,
	}
	if r.Report.Events != want {
		t.Errorf("events: %+v\nwant    %+v", r.Report.Events, want)
	}
	if rows := r.Report.Rows; rows.All != 500 || rows.First != 400 || rows.Duplicated != 40 || rows.Planned != 60 {
		t.Errorf("rows: %+v", rows)
	}
}

// TestUndecided: what says too little never makes events lost, and never passes.
func TestUndecided(t *testing.T) {
	t.Parallel()
	broken := errors.New("the file breaks off")
	for _, c := range []struct {
		name    string
		do      func(p *planted) error
		because Because
	}{
		{"truncated", func(p *planted) error { p.rows = p.rows[:400]; return broken }, Incomplete},
		{"truncated with everything", func(*planted) error { return broken }, Incomplete},
		{"empty", func(p *planted) error { p.rows = nil; return nil }, NoRows},
		{"of another run", func(p *planted) error {
			for i := range p.rows {
				p.rows[i].UUID[15]++
			}
			return nil
		}, NothingThere},
		{"of an earlier run", func(p *planted) error {
			for i := range p.rows {
				p.rows[i].Time = p.rows[i].Time.Add(-time.Hour)
			}
			return nil
		}, NothingThere},
		{"damaged", func(p *planted) error { p.run.Doubt = "edited"; return nil }, Untrusted},
		{"a column is missing", func(p *planted) error {
			for i := range p.rows {
				p.rows[i].Properties = nil
			}
			return nil
		}, NotKnown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := plant(t, load(t, 1000, ""))
			end := c.do(p)
			r, err := Hold(context.Background(), context.Background(), p.run, p.source(end),
				Options{Thresholds: Implied()})
			if err != nil {
				t.Fatal(err)
			}
			got := &r.Report
			if got.Verdict != Invalid || got.Because != c.because {
				t.Errorf("the verdict is %s because of %q, want %q", got.Verdict, got.Because, c.because)
			}
			if got.Events.Accepted.Lost != 0 || len(r.named[KindLost]) > 0 || got.Content.Altered > 0 {
				t.Errorf("events: %+v", got.Events)
			}
		})
	}
}

// TestTwoRuns: of two runs of one seed, each is held against its own rows.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	first := plant(t, load(t, 1000, ""))
	second := plant(t, load(t, 1000, ""))
	const later = 10 * time.Minute
	second.run.Attempts[0].Starts[0] = start.Add(later)
	for i := range second.rows {
		second.rows[i].Time = second.rows[i].Time.Add(later)
	}
	second.rows = slices.Delete(second.rows, 3, 5)
	both := slices.Concat(first.rows, second.rows)
	for name, p := range map[string]*planted{"first": first, "second": second} {
		p.rows = both
		source := p.source(nil)
		source.Arrival = true
		r, err := Hold(context.Background(), context.Background(), p.run, source, Options{Thresholds: Implied()})
		if err != nil {
			t.Fatal(err)
		}
		lost, other := int64(0), int64(998)
		if name == "second" {
			lost, other = 2, 1000
		}
		if got := &r.Report; got.Events.Accepted.Lost != lost || got.Rows.OtherRun != other ||
			got.Rows.Duplicated != 0 {
			t.Errorf("%s: %+v, rows %+v", name, got.Events, got.Rows)
		}
	}
}

// TestVisible: times are from when events were due, and the drain from the end of the
// load.
func TestVisible(t *testing.T) {
	t.Parallel()
	p := plant(t, load(t, 1000, ""))
	for i := range p.rows {
		p.rows[i].Time = p.rows[i].Time.Add(time.Duration(i) * time.Second)
	}
	v := p.hold(t).Report.Visible
	near := func(got, want float64) bool { return got >= want && got <= want*1.04 }
	if !near(v.P50, 499_020) || !near(v.P95, 949_020) || v.Max != 999_020 || v.Events != 1000 ||
		!near(v.Drain, 999_000) {
		t.Errorf("visible: %+v", v)
	}
	sum := int64(0)
	for _, row := range v.Buckets {
		sum += row.Events
	}
	if sum != 1000 {
		t.Errorf("the histogram holds %d of 1000 events", sum)
	}
}

// TestDropped: what the service drops by rule is not lost.
func TestDropped(t *testing.T) {
	t.Parallel()
	s := load(t, 1000, "")
	s.Traffic.Events = append(s.Traffic.Events, scenario.EventShare{Name: "$performance_event", Weight: 5})
	testDropped(t, plant(t, s))
	testDropped(t, plant(t, s).replay())
}

// TestDroppedByRule: what a deployment drops for its id is not lost.
func TestDroppedByRule(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*planted{
		"synthesized": plant(t, load(t, 1000, "")), "replayed": plant(t, load(t, 1000, "")).replay(),
	} {
		id := p.rows[10].DistinctID
		p.run.Drops = func(other []byte) bool { return bytes.Equal(id, other) }
		all := int64(len(p.rows))
		p.rows = slices.DeleteFunc(slices.Clone(p.rows), func(r Row) bool { return bytes.Equal(r.DistinctID, id) })
		dropped := all - int64(len(p.rows))
		p.rows = p.rows[1:]
		if e := p.hold(t).Report.Events.Accepted; e.Dropped != dropped || e.Lost != 1 || dropped == 0 {
			t.Errorf("%s: %+v, %d were dropped", name, e, dropped)
		}
	}
}

func testDropped(t *testing.T, p *planted) {
	var kept []Row
	for _, r := range p.rows {
		if string(r.Name) != "$performance_event" {
			kept = append(kept, r)
		}
	}
	dropped := int64(len(p.rows) - len(kept))
	p.rows = kept[1:]
	r := p.hold(t)
	if e := r.Report.Events.Accepted; e.Dropped != dropped || e.Lost != 1 || dropped == 0 ||
		len(r.named[KindDropped]) != int(dropped) {
		t.Errorf("%+v, %d were dropped", e, dropped)
	}
}
