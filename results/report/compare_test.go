package report

import (
	"bytes"
	"testing"

	"rehearse/results/compare"
	"rehearse/results/rundir"
)

// A run compared with itself does not differ, and both spectra are drawn.
func TestCompareHTML(t *testing.T) {
	t.Parallel()
	run, err := rundir.Open("../rundir/testdata/small-import")
	if err != nil {
		t.Fatal(err)
	}
	c, err := compare.Runs(run, run, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	text, err := CompareHTML(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"not worse", "latency p99", `class="line a"`, `class="line b"`, "no difference"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the comparison lacks %q", want)
		}
	}
}
