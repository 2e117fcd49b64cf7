package rehearsal

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rehearse/internal/capture"
	"rehearse/results"
)

// TestDoubtfulEvents: what is listed as sent again is what was ambiguous and not
// accepted later, each event once.
func TestDoubtfulEvents(t *testing.T) {
	t.Parallel()
	r := resumption{accepted: []results.Range{{First: 0, Count: 10}, {First: 12, Count: 3}}}
	r.settle([]results.Range{{First: 8, Count: 6}, {First: 20, Count: 2}, {First: 21, Count: 2}})
	want := []results.Range{{First: 10, Count: 2, Fate: capture.FateAmbiguous},
		{First: 20, Count: 3, Fate: capture.FateAmbiguous}}
	if diff := cmp.Diff(want, r.Ambiguous); diff != "" || r.Accepted != 13 {
		t.Errorf("%d accepted, ambiguous differs (-want +got):\n%s", r.Accepted, diff)
	}
}

// FuzzParseResumed: no resumed.json makes a reader fall.
func FuzzParseResumed(f *testing.F) {
	f.Add([]byte(`{"resumes": "/a", "accepted": 3, "ambiguous": [{"First": 0, "Count": 3, "Fate": 3}]}`))
	f.Add([]byte(`{"resumes": "/a", "ambiguous": [{"first": 9223372036854775807, "count": 3, "fate": "ambiguous"}]}`))
	f.Add([]byte(`{"resumes": "/a", "skipped_ns": -1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parseResumed(text)
		if err != nil {
			return
		}
		r.settle(r.Ambiguous)
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseResumed(again); err != nil {
			t.Errorf("written again as %s: %v", again, err)
		}
	})
}
