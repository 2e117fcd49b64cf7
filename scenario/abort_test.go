package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/scenario/schedule"
)

func TestParseAbort(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Abort{
		"http(5xx, 10%, 30s)":    {Kind: AbortHTTP, Status: "5xx", Limit: 0.1, Window: 30 * time.Second},
		"http( 429 ,100, 10s )":  {Kind: AbortHTTP, Status: "429", Limit: 100, Count: true, Window: 10 * time.Second},
		"latency(p99, 5s, 30s)":  {Kind: AbortLatency, Slow: 5 * time.Second, Limit: 0.01, Window: 30 * time.Second},
		"latency(p99.9,50ms,1m)": {Kind: AbortLatency, Slow: 50 * time.Millisecond, Limit: 0.001, Window: time.Minute},
		"latency(max, 10s, 1s)":  {Kind: AbortLatency, Slow: 10 * time.Second, Limit: 0, Window: time.Second},
		"net(20%, 10s)":          {Kind: AbortNet, Limit: 0.2, Window: 10 * time.Second},
		"rejected (50%, 10s)":    {Kind: AbortRejected, Limit: 0.5, Window: 10 * time.Second},
		"rejected(0, 1h)":        {Kind: AbortRejected, Count: true, Window: time.Hour},
	} {
		want.Text = text
		got, err := ParseAbort(" " + text + " ")
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseAbortRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "not of the form",
		"net":                   "not of the form",
		"net(20%, 10s":          "not of the form",
		"http(10%, 30s)":        "it reads http(status, limit, window)",
		"latency(5s, 30s)":      "it reads latency(quantile, limit, window)",
		"net(1, 2, 3s)":         "it reads net(limit, window)",
		"time(5s, 30s)":         `unknown rule "time"`,
		"http(6xx, 10%, 30s)":   `"6xx" is not a status`,
		"http(200, 100%, 30s)":  "no share is more than 100%",
		"http(5xx, lots, 30s)":  `"lots"`,
		"latency(mean, 5s, 3s)": `"mean" is no quantile`,
		"latency(p99, 0, 3s)":   "more than 0",
		"net(20%, 10ms)":        "the window must be 1s to 1h",
		"net(20%, 2h)":          "the window must be 1s to 1h",
	} {
		got, err := ParseAbort(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q = %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}

// Rules and scopes are judged with the file, and say where they stand.
func TestVerdictRulesInAFile(t *testing.T) {
	t.Parallel()
	file := `name: a
traffic: {}
load:
  stages:
    - {to: 10, over: 5s, name: ramp}
    - {to: 10, over: 20s, name: hold}
    - {to: 0, over: 5s}
thresholds: [p99 < 1s in hold, p99 < 1s in stage 3]
abort: ['net(20%, 10s)']
`
	s, err := Parse("a.yaml", []byte(file), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []schedule.StageSpan{
		{Name: "ramp", From: 0, To: 5 * time.Second, Start: 0, End: 10},
		{Name: "hold", From: 5 * time.Second, To: 25 * time.Second, Start: 10, End: 10},
		{Name: "3", From: 25 * time.Second, To: 30 * time.Second, Start: 10, End: 0},
	}
	if diff := cmp.Diff(want, s.Load.Stages); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	if len(s.Aborts) != 1 || s.Aborts[0].Kind != AbortNet {
		t.Errorf("aborts %+v", s.Aborts)
	}
	wrong := strings.NewReplacer("in hold,", "in peak,", "name: ramp", "name: hold", "stage 3", "stage 4").Replace(file)
	_, err = Parse("a.yaml", []byte(wrong), Options{})
	for _, want := range []string{`thresholds[0]: the load has no stage "peak"`,
		`thresholds[1]: the load has no stage "stage 4"`, `two stages are called "hold"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

func FuzzParseAbort(f *testing.F) {
	for _, text := range []string{"http(5xx, 10%, 30s)", "latency(p99, 5s, 30s)", "net(20%, 10s)",
		"rejected(50, 10s)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseAbort(text)
		if err != nil {
			return
		}
		again, err := ParseAbort(first.Text)
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
		if first.Limit < 0 || !first.Count && first.Limit >= 1 || first.Window < time.Second {
			t.Errorf("%q = %+v", text, first)
		}
	})
}
