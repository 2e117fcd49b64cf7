package generator

import "testing"

// TestRecorded: what is sent byte for byte is known as such, however it is wrapped,
// and its largest request is found.
func TestRecorded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text     string
		recorded bool
		largest  int64
	}{
		{"name: a\nload: {profile: \"const(1, 1s)\"}\ntraffic: {}\n", false, 1},
		{"name: a\nload: {profile: \"const(8, 11s)\"}\nreplay: {files: [recordings/posthog_wire_2023-09.jsonl], format: auto, pseudonymize: false, clock: profile, order: none}\n", true, 24},
		{"name: a\nreplay: {files: [recordings/posthog_events_api_airbyte.jsonl], speed: 100}\nbatching: {events: 7}\n", false, 2},
	} {
		s := parse(t, c.text)
		source, _, err := Open(s)
		if err != nil {
			t.Fatal(err)
		}
		largest, err := Largest(source)
		if err != nil || largest != c.largest || Recorded(source) != c.recorded {
			t.Errorf("%s: recorded is %v, the largest request has %d events, %v", c.text, Recorded(source), largest, err)
		}
		if closer, ok := source.(interface{ Close() error }); ok {
			closer.Close()
		}
		if s.Replay == nil || c.recorded {
			part, plan, err := OpenShard(s, 0, 2)
			if err != nil || !plan.Sharded || Recorded(part) != c.recorded {
				t.Errorf("%s: as a shard, recorded is %v, %v", c.text, Recorded(part), err)
			}
		}
	}
}
