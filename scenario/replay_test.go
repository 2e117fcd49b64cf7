package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/scenario/strict"
)

func TestReplay(t *testing.T) {
	t.Parallel()
	got, err := Load("testdata/replay.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Replay{
		Recordings: Recordings{
			Files:  []string{"*.csv", "series.csv.gz"},
			Paths:  []string{"testdata/gaps.csv", "testdata/series.csv", "testdata/series.csv.gz"},
			Format: FormatJSONL,
			Fields: Fields{
				Event: From("type"), DistinctID: From("actor.login"), Timestamp: From("created_at"),
				Properties: "payload",
			},
		},
		Pacing: Pacing{Clock: ClockProfile, Speed: 1, Loop: 2, Pass: 3}, Order: OrderFile,
		From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC),
		Reorder: 5 * time.Second, Timestamps: StampsNow, MaxBad: Limit{Share: 0.01, Set: true},
		Sample:  Sample{Persons: 0.1, Share: 0.5, Events: []string{"a", "b"}},
		Privacy: Privacy{Pseudonymize: true, Keep: []string{"plan"}, Quarantine: KeptPlaces},
	}
	if diff := cmp.Diff(want, got.Replay, cmp.Comparer(func(a, b strict.Secret) bool { return a == b })); diff != "" {
		t.Errorf("replay differs (-want +got):\n%s", diff)
	}
	// Two rows of 60 and 120 events, a gap of one, a row of 30: each lasts 2 s at half the counts.
	if p, want := got.Load.Curve.String(), "const(15/s, 2s) const(30/s, 2s) const(0/s, "+
		"2s) const(7.5/s, 2s)"; p != want {
		t.Errorf("profile %q, want %q", p, want)
	}
	if got.Traffic != nil {
		t.Error("traffic is set beside replay")
	}
}

// TestPseudonymizeUnlessOnLoopback: recorded data leaves this machine as it is
// only where the file says so.
func TestPseudonymizeUnlessOnLoopback(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url, more string
		want      bool
	}{
		{"", "", false}, {"http://localhost:80", "", false}, {"http://127.0.0.9", "", false},
		{"http://[::1]:8010/x", "", false},
		{"https://capture.example", "", true}, {"http://192.168.0.1", "", true}, {"http://127.0.0.1.example", "", true},
		{"https://capture.example", ", pseudonymize: false", false}, {"", ", pseudonymize: true", true},
	} {
		s, err := Parse("a.yaml", []byte("name: a\ntarget: {url: '"+c.url+"'}\nreplay: {files: [doc.go]"+c.more+"}\n"),
			Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Replay.Pseudonymize != c.want {
			t.Errorf("to %q%s: pseudonymize is %v", c.url, c.more, s.Replay.Pseudonymize)
		}
	}
}

// TestKeyComesFromTheEnvironment: a key in the file would travel with its copies.
func TestKeyComesFromTheEnvironment(t *testing.T) {
	t.Parallel()
	lookup := func(string) (string, bool) { return "secret-key", true }
	text := "name: a\nreplay: {files: [doc.go], pseudonymize: true, key: \"${K}\"}\n"
	s, err := Parse("a.yaml", []byte(text), Options{LookupEnv: lookup})
	if err != nil || s.Replay.Key.Reveal() != "secret-key" || strings.Contains(string(s.Redacted()), "secret-key") {
		t.Errorf("key %v, %v", s, err)
	}
	for _, key := range []string{"abc", "${K:-abc}"} {
		if _, err := Parse("a.yaml", []byte(strings.ReplaceAll(text, "${K}", key)),
			Options{LookupEnv: lookup}); err == nil {
			t.Errorf("the key %s was taken from the file", key)
		}
	}
}
