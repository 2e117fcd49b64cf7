package preflight_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"rehearse/generator/dryrun"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/preflight"
	"rehearse/scenario"
)

// read is one event as a consumer reads it: where it lies and when it was sent, and the
// id that it joins, if it is a merge.
type read struct {
	id, link  string
	partition int
	due       time.Duration
}

// TestMergesByLag: how many merges are processed too early if partitions lag, against
// every event of the ready scenarios led through the model of the pipeline and read from
// partitions that lag so.
func TestMergesByLag(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	files, err := filepath.Glob("../../scenarios/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d scenarios (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			s, err := scenario.LoadWith(file, scenario.Options{Set: []string{"target.compression=none"}})
			if err != nil { // of recorded requests nothing is changed
				s, err = scenario.Load(file)
			}
			if err != nil {
				t.Fatal(err)
			}
			said, events := foretell(t, s, nil), led(t, s)
			chance := rand.New(rand.NewPCG(1, 2))
			for _, row := range said.Merges.ReadEarly {
				lag := time.Duration(row.LagS * float64(time.Second))
				lags := make([]time.Duration, said.Partitions.Count)
				lags[said.Partitions.Hottest] = lag
				if got := readEarly(events, lags); got != row.OneBehind || row.OneError != 0 {
					t.Errorf("lag %v of partition %d: said %d (± %v), are %d", lag, said.Partitions.Hottest, row.OneBehind, row.OneError, got)
				}
				for range 5 {
					for p := range lags {
						lags[p] = time.Duration(chance.Int64N(int64(lag) + 1))
					}
					if got := readEarly(events, lags); got > row.AtMost {
						t.Errorf("lags up to %v: said %d at most, are %d", lag, row.AtMost, got)
					}
				}
			}
			if total := said.Merges.Total; total > 100 && said.Merges.ReadEarly[0].AtMost < total/2 {
				t.Errorf("of %d merges %+v", total, said.Merges.ReadEarly)
			}
		})
	}
}

// led leads every event through the model.
func led(t *testing.T, s *scenario.Scenario) (all []read) {
	t.Helper()
	facts := preflight.FactsOf(s)
	model := pipeline.New(pipeline.Config{Partitions: facts.Partitions, Facts: &facts.Facts})
	there, most := preflight.Behind(s, nil)
	show := func(d *dryrun.Built) {
		if d.Submission == nil {
			return
		}
		for e := range d.Submission.All() {
			link := pipeline.Link(e.Event, e.Properties)
			route := model.Take(&pipeline.Event{
				Token: d.Submission.Token, DistinctID: e.DistinctID, Name: e.Event, Link: link, Historical: d.Submission.Historical,
			}, now.Add(d.Due))
			all = append(all, read{string(e.DistinctID), string(link), route.Partition, d.Due})
		}
	}
	_, err := dryrun.Run(there, &nowhere, now, most, func() func(*dryrun.Built) { return show })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// readEarly counts the merges that are read before an event of the id that they join
// which was sent before them, if partitions lag so.
func readEarly(events []read, lags []time.Duration) (n int64) {
	latest := map[string]time.Duration{} // by id: when the last of its events so far is read
	for i := range events {
		e := &events[i]
		at := e.due + lags[e.partition]
		if e.link != "" {
			if last, sent := latest[e.link]; sent && last > at {
				n++
			}
		}
		latest[e.id] = max(latest[e.id], at)
	}
	return n
}
