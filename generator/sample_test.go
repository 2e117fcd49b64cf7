package generator

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

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
