package rehearsal

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/generator"
	"rehearse/internal/permit"
	"rehearse/internal/preflight"
	"rehearse/results"
)

// TestPredictedUnderPermit: the bytes predicted hold what each request says of the
// permit.
func TestPredictedUnderPermit(t *testing.T) {
	t.Parallel()
	p := makePermitted(t, "const(200, 500ms)", time.Hour)
	network, directory := &witness{sent: map[string]int{}}, t.TempDir()
	if v := p.try(t, directory, network); v.refused || network.sent[stranger] == 0 {
		t.Fatalf("the permit is refused: %v, and the run came to %v", v.refused, v.err)
	}
	var said preflight.Report
	text, err := os.ReadFile(filepath.Join(directory, "out", checkFile))
	if err := cmp.Or(err, json.Unmarshal(text, &said)); err != nil {
		t.Fatal(err)
	}
	// 10 requests, whose bodies hold the time and so compress to some bytes more or
	// fewer; the header alone would be ninety a request.
	if sent := int64(network.sent[stranger]); said.Plan.Requests != 10 ||
		max(sent-said.Plan.WireBytes, said.Plan.WireBytes-sent) > 10*45 {
		t.Errorf("%d bytes were sent, predicted were %+v", sent, said.Plan)
	}
}

// TestLimitOf: the machines that share a run share its cap.
func TestLimitOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bounds permit.Bounds
		of     int
		want   generator.Limit
	}{
		{permit.Bounds{Peak: 1000.9, Events: 800, Batch: 100}, 0,
			generator.Limit{Events: 1000, Batch: 100, Total: 800}},
		{permit.Bounds{Peak: 1000, Events: 800, Requests: 10, Batch: 100}, 3,
			generator.Limit{Events: 333, Requests: 3, Batch: 100, Total: 266}}, // 3·333 = 999
		{permit.Bounds{Peak: 1000, Events: 800, Requests: 2}, 3, generator.Limit{Events: 333, Requests: 1, Total: 266}},
		{permit.Bounds{Peak: 1000, Events: 800, Merges: 15}, 0,
			generator.Limit{Events: 1000, Total: 600}}, // 10 merges of 400 events: so many have 15
	} {
		if got := limitOf(&c.bounds, permit.Load{Events: 400, Merges: 10}, c.of); got != c.want {
			t.Errorf("%+v among %d: %+v, want %+v", c.bounds, c.of, got, c.want)
		}
	}
}

// What shards cannot share of a permit is named.
func TestUnusedNote(t *testing.T) {
	t.Parallel()
	b := &permit.Bounds{Peak: 1003, Requests: 16, Events: 1_000_000}
	for shards, want := range map[int]string{
		0: "", 1: "", 2: "1 of 1003 events/s are left unused", 8: "3 of 1003 events/s are left unused",
		3: "1 of 1003 events/s, 1 of 16 requests/s, 1 of 1000000 events are left unused",
	} {
		if got := unusedNote(b, shards); !strings.HasSuffix(got, want) || (got == "") != (want == "") {
			t.Errorf("%d shards: %q, want %q", shards, got, want)
		}
	}
}

// TestHeaderText: no text breaks out of its quotes, or out of the header.
func TestHeaderText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"data@acme.example": `"data@acme.example"`,
		`a", permit="b`:     `"a\", permit=\"b"`,
		`a\`:                `"a\\"`,
		"a\r\nHost: b":      `"a??Host: b"`,
		"Jörg":              `"J?rg"`,
		"":                  `""`,
	} {
		if got := headerText(text); got != want {
			t.Errorf("%q is written %s, want %s", text, got, want)
		}
	}
}

// TestRunEndsWithItsWindow: nothing is sent after the end of the window, and the
// result says why. A machine that does not begin within the window gets a longer one.
func TestRunEndsWithItsWindow(t *testing.T) {
	t.Parallel()
	for window := 3 * time.Second; ; window *= 2 {
		p := makePermitted(t, "const(20, 60s)", window)
		network, directory := &witness{sent: map[string]int{}}, t.TempDir()
		v := p.try(t, directory, network)
		if (v.refused || KindOf(v.err) == Refused) && window < 30*time.Second {
			continue
		}
		if v.refused || v.err != nil || v.run.Result.Run.Ended != results.Interrupted ||
			!strings.Contains(v.run.Result.Run.Why, "the permit's window closed at") {
			t.Errorf("the permit is refused: %v, and the run came to %+v, %v", v.refused, v.run, v.err)
		}
		return
	}
}
