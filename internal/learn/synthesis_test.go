package learn

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// TestMakeRoom: the arithmetic of hot ids and merges that are to fit into one run.
func TestMakeRoom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		p          Profile
		top, joins []int64
		hot        []int64
		reused     float64
	}{
		{"without merges all are taken as they are", Profile{Events: 100}, []int64{90, 5}, []int64{0, 0},
			[]int64{90, 5}, 0},
		// 50 copies of the 50 others, 100 - 50 - 1 = 49
		{"copies are no events of theirs", Profile{Events: 100, Duplicates: 80}, []int64{40, 9, 1}, []int64{0, 0, 0},
			[]int64{40, 9}, 0},
		// 1000 - 100 merges - 100 that they end - 1 = 799
		{"there is room", Profile{Events: 1000, Merges: Merges{Events: 100, Fresh: 100}}, []int64{600, 199},
			[]int64{50, 10}, []int64{600, 199}, 0},
		{"their own merges are no events of theirs", Profile{Events: 1000, Merges: Merges{Events: 100, Fresh: 100}},
			[]int64{600, 200}, []int64{50, 10}, []int64{550, 190}, 0},
		// of 100 merges 60 say again what is known: 1000 - 100 - 40 - 1 = 859
		{"merges that say nothing new", Profile{Events: 1000, Merges: Merges{Events: 100, Fresh: 40}}, []int64{800, 50},
			[]int64{0, 0}, []int64{800, 50}, 0.6},
		// 799 for 1000
		{"none has room", Profile{Events: 1000, Merges: Merges{Events: 100, Fresh: 100}}, []int64{900, 100},
			[]int64{0, 0}, []int64{}, 0},
		// 10 - 8 - 1 = 1 event is left that a merge can end, and 7 of 8 have none
		{"more merges than other events", Profile{Events: 10, Merges: Merges{Events: 8, Fresh: 8}}, []int64{5},
			[]int64{5}, []int64{0}, 0.875},
	} {
		hot, reused := c.p.makeRoom(c.top, c.joins)
		if !slices.Equal(hot, c.hot) || reused != c.reused {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, hot, reused, c.hot, c.reused)
		}
	}
}

// TestDisorder: the law of neighbours, and its bounds.
func TestDisorder(t *testing.T) {
	t.Parallel()
	even := slices.Repeat([]int64{100}, 10)
	for _, c := range []struct {
		backward, duplicates int64
		worst                float64
		rates                []int64
		want                 time.Duration
	}{
		{0, 0, 5, even, 0},
		{2, 2, 5, even, 0}, // copies are older than what is before them
		// 1000 events in 100 s lie 0.1 s apart; (1 - 0.1/0.2)²/2 = 1/8
		{125, 0, 5, even, 200 * time.Millisecond},
		{130, 5, 5, even, 200 * time.Millisecond},
		{125, 0, 0.15, even, 150 * time.Millisecond},
		{500, 0, 30, even, 30 * time.Second},
		{900, 0, 30, even, 30 * time.Second},
		// the same 1000 in two rows of ten seconds lie 0.02 s apart
		{125, 0, 5, []int64{500, 0, 0, 500}, 40 * time.Millisecond},
	} {
		p := Profile{Events: 1000, Seconds: 100, Duplicates: c.duplicates,
			Disorder: Disorder{Backward: c.backward, WorstSeconds: c.worst}, rates: c.rates, width: 10 * time.Second}
		if got := p.disorder(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestLearnedScenariosLoad: whatever was observed, the scenario that is learned from
// it can be run.
func TestLearnedScenariosLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		o := NewObserver(time.Hour)
		at := time.Unix(1767225600, 0)
		n := rapid.IntRange(1, 60).Draw(t, "events")
		for range n {
			name := rapid.SampledFrom([]string{"a", "b", event.Identify, event.Alias, event.Merge}).Draw(t, "name")
			id, other := rapid.IntRange(0, 5).Draw(t, "id"), rapid.IntRange(0, 9).Draw(t, "other")
			e := &event.Event{
				Name: []byte(name), DistinctID: fmt.Append(nil, id), Time: at,
				Properties: fmt.Appendf(nil, `{"$anon_distinct_id":"%d","alias":"%d"}`, other, other),
			}
			e.UUID[0] = byte(rapid.IntRange(0, 60).Draw(t, "uuid"))
			at = at.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "gap")) * time.Millisecond)
			o.Add(e)
		}
		backward := int64(rapid.IntRange(0, n).Draw(t, "backward"))
		p, err := o.Profile(&recording.Counts{Backward: backward, Worst: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		var series, text bytes.Buffer
		if err := p.WriteSeries(&series); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "rates.csv"), series.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.WriteScenario(&text, "a", "rates.csv"); err != nil {
			t.Fatal(err)
		}
		if _, err := scenario.Parse("a.yaml", text.Bytes(), scenario.Options{Dir: dir}); err != nil {
			t.Errorf("%v\n%s", err, text.String())
		}
	})
}
