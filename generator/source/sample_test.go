package source

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/results"
	"rehearse/scenario"
)

// printed are the lines of the events that a call prints.
func printed(t *testing.T, print func(*bytes.Buffer) error) []string {
	t.Helper()
	var out bytes.Buffer
	if err := print(&out); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// The events of some ranges are those that a sample of everything has there, of
// synthesized events and of recorded ones.
func TestSampleLost(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	ranges := []results.Range{{First: 0, Count: 2}, {First: 5, Count: 1}, {First: 6, Count: 3}, {First: 30, Count: 7}}
	lost := Lost{Starts: []time.Time{start}, Shards: 1, Ranges: ranges}
	synth := parse(t, "name: test\nload: {profile: 'const(10, 10s)'}\ntraffic: {seed: 3}\n")
	replay := replayOf(t, "a", families(20), "target: {connections: 2}\nbatching: {events: 4}\n")
	for name, s := range map[string]*scenario.Scenario{"synthesized": synth, "recorded": replay} {
		all := printed(t, func(out *bytes.Buffer) error { return Sample(out, s, start, 0, 1000) })
		got := printed(t, func(out *bytes.Buffer) error { return SampleLost(out, s, lost, nil) })
		if want := slices.Concat(all[0:2], all[5:9], all[30:37]); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s, want\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	var out bytes.Buffer
	beyond := Lost{Starts: []time.Time{start}, Ranges: []results.Range{{First: 99, Count: 2}}}
	if err := SampleLost(&out, synth, beyond, nil); err == nil || err.Error() != "cannot print event 100: the scenario has events 0 to 99" {
		t.Errorf("beyond the end: %v", err)
	}
}

// A shard's numbers are those of the whole that its siblings dealt out too.
func TestSampleLostOfShards(t *testing.T) {
	t.Parallel()
	s := replayOf(t, "a", families(20), "target: {connections: 5, compression: none}\nbatching: {events: 4}\n")
	source, plan, err := opened(s, Part{Index: 1, Of: 3})
	if err != nil || plan.Events == 0 {
		t.Fatal(err)
	}
	b := new(body.Batch)
	if err := source.Next(b); err != nil {
		t.Fatal(err)
	}
	w := body.NewBuilder(s, time.Unix(1767225600, 0))
	source.Build(b, w)
	var want []string
	for _, e := range decoded(t, b) {
		want = append(want, e.UUID)
	}
	got := printed(t, func(out *bytes.Buffer) error {
		return SampleLost(out, s, Lost{Starts: []time.Time{time.Unix(1767225600, 0)}, Shards: 3, Ranges: []results.Range{{First: b.First, Count: b.Events}}}, nil)
	})
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range got {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("event %d is %s, want uuid %s", i, got[i], want[i])
		}
	}
}

func TestSampleFaults(t *testing.T) {
	t.Parallel()
	s := parse(t, `
name: faulty
load: {profile: "const(1000, 20s)"}
traffic:
  events: {a: 95, $identify: 5}
  faults: {duplicates: 1%, merges_out_of_order: 10%, invalid: {illegal_id: 0.5%}}
`)
	var out bytes.Buffer
	if err := SampleFaults(&out, s, time.Unix(0, 0), 0, 1_000_000); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for line := range bytes.Lines(out.Bytes()) {
		var l struct {
			Index int64
			Fault string
			Event json.RawMessage
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		got[l.Fault]++
		if got[l.Fault]%40 != 1 {
			continue
		}
		start := time.Unix(0, 0)
		var event bytes.Buffer
		if err := Sample(&event, s, start, l.Index, 1); err != nil || !bytes.Equal(bytes.TrimSpace(event.Bytes()), l.Event) {
			t.Fatalf("event %d is listed as\n%s\nand sent as\n%s (%v)", l.Index, l.Event, event.Bytes(), err)
		}
	}
	// of 20,000 events: 1 %, 0.5 %, and about a tenth of 5 %
	if early := got["merge_out_of_order"]; got["duplicate"] != 200 || got["illegal_id"] != 100 || early < 60 || early > 140 {
		t.Errorf("listed %v, want 200 duplicates, 100 illegal ids and about 100 early merges", got)
	}
	if err := SampleFaults(&out, s, time.Unix(0, 0), 20_000, 1); err == nil {
		t.Error("faults of events that do not exist are listed")
	}
}
