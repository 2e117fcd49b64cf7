package rundir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/runtest"
)

// TestFarEndKeptLess: an endpoint that says yes and keeps less is no pass, whatever
// it calls that; what it is known to filter it need not keep, and events that were sent
// again hide nothing.
func TestFarEndKeptLess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, counts string
		want         string // empty: a pass
	}{
		{"all", `"events": {"accepted": 1000}, "pipeline": {}`, ""},
		{"more, of what was refused", `"events": {"accepted": 1000, "stored": 30}, "pipeline": {}`, ""},
		{"filtered", `"events": {"accepted": 940, "filtered": 60}, "pipeline": {}`, ""},
		{"twice", `"events": {"accepted": 1010}, "pipeline": {}`, ""},
		{"over quota", `"events": {"accepted": 1000}, "pipeline": {"over_quota": 575}`,
			"the endpoint kept 425 of 1,000 events that it accepted: 575 missing (575 over quota)"},
		{"lost", `"events": {"accepted": 990, "lost": 10}, "pipeline": {}`,
			"the endpoint kept 990 of 1,000 events that it accepted: 10 missing (10 lost)"},
		{"by a rule", `"events": {"accepted": 1000}, "pipeline": {"dropped": 1}`,
			"the endpoint kept 999 of 1,000 events that it accepted: 1 missing (1 by a rule)"},
		{"it does not say why", `"events": {"accepted": 999}, "pipeline": {}`,
			"the endpoint kept 999 of 1,000 events that it accepted: 1 missing"},
		{"lost behind duplicates", `"events": {"accepted": 1000, "lost": 10}, "pipeline": {}`, "10 missing (10 lost)"},
		{"unreadable", `"events": 7`, ""},
	} {
		path := filepath.Join(t.TempDir(), "run")
		d := create(t, path, runtest.Manifest(100))
		tally := runtest.Second(100, 0, 5*time.Millisecond)
		if err := d.Write(&results.Interval{To: time.Second, Tally: *tally, Total: tally}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, EndpointFile),
			[]byte(`{"format": "rehearse/stage/v1", `+c.counts+`}`), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := d.Close(results.Final{Ended: results.Completed})
		if err != nil {
			t.Fatal(err)
		}
		want := results.Pass
		if c.want != "" {
			want = results.Fail
		}
		failures := strings.Join(r.Failures, "")
		if r.Verdict == results.Invalid || (r.Verdict == results.Pass) != (want == results.Pass) &&
			strings.Contains(failures, "endpoint") != (want == results.Fail) || !strings.Contains(failures, c.want) ||
			c.want == "" && failures != "" {
			t.Errorf("%s: %s because %q, want %s because %q", c.name, r.Verdict, judge.Because(r), want, c.want)
		}
	}
}
