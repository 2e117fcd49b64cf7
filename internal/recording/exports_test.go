package recording

import (
	"io"
	"path/filepath"
	"testing"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// TestRealExports: every line of the exports that lie in scenarios/recordings is
// accounted for: it became an event, or it was left out for a stated reason. An
// $identify that joins a device to its user is an event more than there are lines.
func TestRealExports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file   string
		format scenario.Format
		fields scenario.Fields
		lines  int64
		events int64
		first  string // name and distinct_id of the first event
		left   event.Reason
	}{
		{"posthog_events_api_airbyte.jsonl", scenario.FormatPostHog, scenario.DefaultFields(), 2, 2,
			"$pageleave 17da3dc938e536-003c59e154bb5e-1f396452-13c680-17da3dc938f1013", ""},
		{"amplitude_export_airbyte.jsonl", scenario.FormatAmplitude, scenario.DefaultFields(), 20, 20,
			"Daily Ad Metrics google-ad-4651612872-643022056303", ""},
		{"amplitude_raw_1line.jsonl", scenario.FormatAmplitude, scenario.DefaultFields(), 1, 2,
			"$identify 06cdb68f-885b-4b6e-be54-69b38b5b0d95", ""},
		{"mixpanel_raw.ndjson", scenario.FormatMixpanel, scenario.DefaultFields(), 2, 2, "", ""},
		{"activity-2015-02-22-21.json.gz", scenario.FormatJSONL,
			scenario.Fields{Event: scenario.From("type"), DistinctID: scenario.From("actor"),
				Timestamp: scenario.From("dt"), UUID: scenario.From("id")}, 29963, 29963, "", ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			r := scenario.DefaultReplay()
			r.Paths, r.Fields = []string{filepath.Join("..", "..", "scenarios", "recordings", c.file)}, c.fields
			if format, err := Detect(r); err != nil || format != c.format {
				t.Errorf("taken for %s, %v", format, err)
			}
			reader, err := Open(r)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			for first := true; ; first = false {
				e, err := reader.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := string(e.Name) + " " + string(e.DistinctID); first && c.first != "" && got != c.first {
					t.Errorf("the first event is %s", got)
				}
			}
			counts := reader.Counts()
			if counts.Lines != c.lines || counts.Events != c.events ||
				counts.Events-counts.Added+counts.Bad != counts.Lines {
				t.Errorf("%+v, want %d lines and %d events", counts, c.lines, c.events)
			}
			if c.left != "" && (len(counts.Left) != 1 || counts.Left[0].Reason != c.left) {
				t.Errorf("left out: %+v", counts.Left)
			}
		})
	}
}
