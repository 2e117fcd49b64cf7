package stats

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rehearse/internal/capture/pipeline"
)

// counted is what one endpoint counted.
func counted() *Endpoint {
	return &Endpoint{
		Format:   Format,
		Requests: []RequestCount{{Route: "/batch", Status: 200, Requests: 4}},
		Refusals: []RefusalCount{{Status: 503, Text: "no", Requests: 1, Events: 9}},
		Events:   EventCounts{Accepted: 1, Refused: 2, Filtered: 3, Dropped: 4, Returned: 5, Lost: 6, Stored: 7},
		Bytes:    ByteCounts{Wire: 10, Plain: 20},
		Names:    []NameCount{{Name: "a", Events: 8}},
		Verdicts: []VerdictCount{{Result: "ok", Events: 1}},
		Pipeline: pipeline.Stats{OverQuota: 2, Dropped: 1, HotIDs: []pipeline.HotID{{DistinctID: "x", Events: 5}}},
		Checksum: "fffffffffffffff0",
	}
}

// TestParse: what is written is read, hot ids and all; another format is refused.
func TestParse(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(counted())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text)
	if diff := cmp.Diff(counted(), got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for text, want := range map[string]string{
		`{`:                               "unexpected end of JSON input",
		`{"format": "rehearse/check/v1"}`: `its format is "rehearse/check/v1", and only "rehearse/stage/v1" is known`,
		`{"events": {"accepted": 1}}`:     `its format is ""`,
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestAdd: every count of two endpoints adds up, and a sum does not tell of one
// pipeline.
func TestAdd(t *testing.T) {
	t.Parallel()
	sum := &Endpoint{Format: Format}
	for range 2 {
		if err := sum.Add(counted()); err != nil {
			t.Fatal(err)
		}
	}
	if want := (EventCounts{
		Accepted: 2,
		Refused:  4,
		Filtered: 6,
		Dropped:  8,
		Returned: 10,
		Lost:     12,
		Stored:   14,
	}); sum.Events != want {
		t.Errorf("%+v, want %+v", sum.Events, want)
	}
	if sum.Joined != 2 || sum.Requests[0].Requests != 8 || sum.Refusals[0].Events != 18 || sum.Names[0].Events != 16 ||
		sum.Verdicts[0].Events != 2 || sum.Bytes != (ByteCounts{Wire: 20, Plain: 40}) ||
		sum.Checksum != "ffffffffffffffe0" {
		t.Errorf("%+v", sum)
	}
	text, err := json.Marshal(sum)
	if err != nil || strings.Contains(string(text), "hot_ids") ||
		!strings.Contains(string(text), `"pipeline":{"over_quota":4,"dropped":2}`) {
		t.Errorf("%v, %s", err, text)
	}
	bad := counted()
	bad.Checksum = "none"
	if err := sum.Add(bad); err == nil || !strings.Contains(err.Error(), "its checksum is not one") {
		t.Errorf("%v", err)
	}
}
