package report

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
)

// TestPrevious: a run is compared with the latest complete one of its scenario before it,
// whatever else lies beside it.
func TestPrevious(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	write := func(name string, minutes int, ended results.Ended, change func(*results.Manifest)) {
		m := runtest.Manifest(2000)
		m.RunID, m.StartedAt = name, m.StartedAt.Add(time.Duration(minutes)*time.Minute)
		if change != nil {
			change(&m)
		}
		d := create(t, filepath.Join(parent, name), m)
		runtest.Feed(t, 2000, runtest.Accept, d.Write)
		if _, err := d.Close(results.Final{Ended: ended}); err != nil {
			t.Fatal(err)
		}
	}
	write("a-old", 0, results.Completed, nil)
	write("c-previous", 1, results.Completed, nil)
	write("b-this", 5, results.Completed, nil)
	write("d-later", 9, results.Completed, nil)
	write("e-interrupted", 3, results.Interrupted, nil)
	write("f-other", 4, results.Completed, func(m *results.Manifest) { m.Scenario = "other" })
	write("g-shard", 4, results.Completed, func(m *results.Manifest) { m.Shard = results.Shard{Of: 2} })
	page := string(reportOf(t, filepath.Join(parent, "b-this")))
	if !strings.Contains(page, `id="previous"`) || !strings.Contains(page, "c-previous") {
		t.Error("it is not compared with the run before it")
	}
	for _, other := range []string{"a-old", "d-later", "e-interrupted", "f-other", "g-shard"} {
		if strings.Contains(page, other) {
			t.Errorf("it is compared with %s", other)
		}
	}
	if first := string(reportOf(t, filepath.Join(parent, "a-old"))); strings.Contains(first, `id="previous"`) {
		t.Error("the first run is compared with another")
	}
	write("h-larger", 20, results.Completed, func(m *results.Manifest) { m.Planned.Events += 1000 })
	want := fmt.Sprintf("The previous run of this scenario, %s, is not compared: ", "d-later")
	if page := string(reportOf(t, filepath.Join(parent, "h-larger"))); !strings.Contains(page, want) {
		t.Error("it is not said why there is no comparison")
	}
	if _, err := rundir.Open(parent); err == nil {
		t.Error("the parent is no run")
	}
}
