package scenario

import (
	"strings"
	"testing"
)

// TestClosed: what has no meaning without due times, or asks another machine for all that it
// can take, is refused.
func TestClosed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"load: {closed: 30s}": "",
		"load: {closed: 30s}\nthresholds: [p99 < 1s, rejected < 1%]": "",
		"load: {closed: 30s, profile: 'const(1, 1s)'}":               "load.closed: given beside load.profile",
		"load: {closed: 1ms}":                          "load.closed: ",
		"load: {closed: 2d}":                           "load.closed: ",
		"load: {closed: 30s, late: skip}":              "load.late: has no meaning beside load.closed",
		"load: {closed: 30s, arrivals: poisson}":       "load.arrivals: has no meaning beside load.closed",
		"load: {closed: 30s}\nthresholds: [late < 1%]": "thresholds[0]: nothing is late in a closed loop",
		"load: {closed: 30s}\ntraffic: {timestamps: {from: 2025-01-01, to: 2025-02-01}}": "traffic.timestamps.from: has no meaning",
		"load: {closed: 30s}\ntraffic: {merges: {delay: {p50: 1s, p90: 9s}}}":            "traffic.merges.delay: has no meaning",
		"load: {closed: 30s}\ntraffic: {distinct_ids: {hot: [{share: 1%}, {events: 9}]}}": "traffic.distinct_ids.hot[1]: " +
			"a closed loop has no number of events",
		"load: {closed: 30s}\nthresholds: [p99 < 1s in 1]":                "the load has no stage",
		"load: {closed: 30s}\ntarget: {url: 'https://capture.example'}":   "load.closed: a load without a rate",
		"load: {closed: 30s}\ntarget: {url: 'http://127.0.0.1:8010'}":     "",
		"load: {closed: 30s}\nreplay: {files: [a.jsonl], clock: profile}": "load.closed: given beside replay",
		"load: {profile: 'const(1, 1s)'}\nbackground: {load: {closed: 30s}}": "background.load.closed: a background " +
			"needs a schedule",
	} {
		_, err := Parse("a.yaml", []byte("name: a\n"+text+"\n"), Options{Dir: "testdata"})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
