package source

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/results"
	"rehearse/scenario"
)

// opened opens a part of a scenario and gives back its plan as well.
func opened(s *scenario.Scenario, p Part) (*Opened, Plan, error) {
	o, err := Open(s, p)
	if err != nil {
		return nil, Plan{}, err
	}
	return o, o.Plan, nil
}

// parts are ways to open a scenario: whole, a shard, what is left, and what is left
// of a shard.
func parts() map[string]Part {
	left := &Resumption{Accepted: []results.Range{{First: 0, Count: 3}}}
	return map[string]Part{"whole": {}, "shard": {Index: 0, Of: 2}, "rest": {Resumes: left}, "rest of a shard": {Index: 0, Of: 2, Resumes: left}}
}

// What a recording can do it can do however it is opened: requests that are sent
// byte for byte are known as such, the largest is found, how far it was read is
// told, and what cannot be sent is kept.
func TestEveryPartOfARecordingIsOne(t *testing.T) {
	t.Parallel()
	text := families(20) + "no event\n"
	for name, p := range parts() {
		o, err := Open(replayOf(t, "a", text, "target: {connections: 2}\nbatching: {events: 4, age: 100s}\n"), p)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "quarantine.jsonl.gz")
		closed, follow := o.Quarantine(path), o.Follow()
		if follow == nil {
			t.Fatalf("%s: nothing to follow", name)
		}
		if largest, err := o.Largest(); err != nil || largest != 4 || o.Plan.Recorded.Verbatim {
			t.Errorf("%s: the largest request has %d events, error %v", name, largest, err)
		}
		if err := closed(); err != nil {
			t.Fatal(err)
		}
		if at := follow(o.Plan.Span); at.Bytes < at.Total/2 {
			t.Errorf("%s: read up to %+v", name, at)
		}
		if got := unzipped(t, path); strings.Count(got, "\n") != 1 || !strings.Contains(got, "no event") {
			t.Errorf("%s: the quarantine holds %q", name, got)
		}
		o.Close()
		wire := parse(t, "name: a\nload: {profile: \"const(8, 11s)\"}\nreplay: {files: [recordings/posthog_wire_2023-09.jsonl], format: auto, pseudonymize: false, clock: profile, order: none}\n")
		if o, err = Open(wire, p); err != nil || !o.Plan.Recorded.Verbatim {
			t.Errorf("%s: recorded requests are not known as such: %v", name, err)
			continue
		}
		o.Close()
		synth, err := Open(parse(t, "name: a\nload: {profile: \"const(8, 3s)\"}\nbatching: {events: 2}\ntraffic: {}\n"), p)
		if err != nil || synth.Follow() != nil || synth.Plan.Recorded.Verbatim {
			t.Errorf("%s: synthesized traffic has a place in a recording: %v", name, err)
		}
	}
}

// unzipped is what a gzip file holds.
func unzipped(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What is left of synthesized traffic, or of a shard of it, is the same events
// under the same numbers with the same bytes, to the same project, and nothing of
// what was accepted.
func TestRestOfSynthesized(t *testing.T) {
	t.Parallel()
	s := parse(t, `name: a
load: {profile: "line(0, 100, 10s)"}
target: {connections: 6, compression: none}
batching: {events: {min: 2, max: 9}}
traffic: {seed: 5, timestamps: {from: 2025-01-01, to: 2025-06-30}, tokens: [{token: phc_one_project}, {token: phc_two_projects}]}
`)
	type sent struct{ token, id string }
	read := func(p Part) (map[int64]sent, Plan) {
		o, err := Open(s, p)
		if err != nil {
			t.Fatal(err)
		}
		all, events := map[int64]sent{}, int64(0)
		w := body.NewBuilder(s, time.Unix(1767225600, 123_456_789))
		for b := new(body.Batch); o.Next(b) == nil; b.Reset() {
			o.Build(b, w)
			var body struct {
				APIKey string `json:"api_key"`
			}
			if err := json.Unmarshal(b.Body, &body); err != nil {
				t.Fatal(err)
			}
			for i, e := range decoded(t, b) {
				all[b.First+int64(i)] = sent{body.APIKey, fmt.Sprint(e)}
			}
			events += b.Events
		}
		if events != o.Plan.Events {
			t.Errorf("%+v: %d events, planned %d", p, events, o.Plan.Events)
		}
		return all, o.Plan
	}
	accepted := []results.Range{{First: 0, Count: 7}, {First: 20, Count: 1}, {First: 22, Count: 90}, {First: 480, Count: 20}}
	for _, of := range []int{1, 3} {
		for index := range of {
			whole, plan := read(Part{Index: index, Of: of})
			left, rest := read(Part{Index: index, Of: of, Resumes: &Resumption{Accepted: accepted}})
			for _, r := range accepted {
				for i := r.First; i < r.First+r.Count; i++ {
					if _, again := left[i]; again {
						t.Errorf("event %d was accepted and is sent again", i)
					}
					delete(whole, i)
				}
			}
			for i, want := range whole {
				if left[i] != want {
					t.Errorf("event %d of shard %d of %d: %v, want %v", i, index, of, left[i], want)
				}
			}
			if len(left) != len(whole) || rest.Whole != plan.Whole && of == 1 || rest.Resumed.Skipped <= 0 {
				t.Errorf("shard %d of %d: %d events left, want %d; plan %+v", index, of, len(left), len(whole), rest)
			}
		}
	}
}
