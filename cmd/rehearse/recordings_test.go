package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryRecordingReplays: each of the real recordings replays to the embedded
// endpoint with every line accounted for, and profiles. A run with pseudonyms sends
// as much as one without. Of the long one the first ten minutes are sent, which a
// slow machine can do in the time that a run has.
func TestEveryRecordingReplays(t *testing.T) {
	t.Parallel()
	recordings, err := filepath.Abs("../../scenarios/recordings")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, replay                         string
		accepted, rejected, events, profiled int64
		note                                 string
	}{
		{"posthog_events_api_airbyte.jsonl", "", 2, 0, 2, 2, ""},
		{"amplitude_export_airbyte.jsonl", "", 20, 0, 20, 20, ""},
		// The device is joined to the user.
		{"amplitude_raw_1line.jsonl", "", 2, 0, 2, 2, "1 events added: an $identify"},
		{"mixpanel_raw.ndjson", "", 2, 0, 2, 2, "2 events had no distinct_id"},
		{"posthog_wire_2023-09.jsonl", ", format: capture", 87, 1, 88, 87, ""}, // one says gzip and is none
		{"activity-2015-02-22-21.json.gz",
			", fields: {event: type, distinct_id: actor, timestamp: dt, uuid: id}, to: 2015-02-22T21:10:00Z", 4163, 0,
			4163, 29963, "older than the one before"},
	} {
		if raced && c.events > 1000 {
			continue // The others do all that it does at the same time.
		}
		args := []string{filepath.Join(recordings, c.file)}
		if strings.Contains(c.replay, "fields") {
			args = append(args, "--field", "event=type,distinct_id=actor,timestamp=dt,uuid=id")
		}
		if p := profiled(t, args...); p.Events != c.profiled ||
			(p.Added+p.OwnIDs > 0) != strings.Contains(c.note, "events") {
			t.Errorf("the profile of %s has %d events, want %d; %d were added, %d got an id", c.file, p.Events,
				c.profiled, p.Added, p.OwnIDs)
		}
		for _, masked := range []bool{false, true} {
			if masked && c.rejected > 0 {
				continue // Requests go byte for byte, or not at all.
			}
			t.Run(fmt.Sprintf("%s masked %v", c.file, masked), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				path, out := filepath.Join(dir, "s.yaml"), filepath.Join(dir, "run")
				write(t, path,
					fmt.Sprintf("name: a\ntarget: {connections: 4}\nload: {profile: 'const(20k, 2s)'}\n"+
						"replay: {files: [%q], clock: profile, pseudonymize: %v%s}\n",
						filepath.Join(recordings, c.file), masked, c.replay))
				_, _, stderr := command(t, "run", path, "--out", out, "-q")
				e := open(t, out).Result.Events
				if e.Accepted != c.accepted || e.Rejected != c.rejected || e.Sent != c.events ||
					!strings.Contains(stderr, c.note) {
					t.Errorf("%+v, want %d sent and %d accepted\n%s", e, c.events, c.accepted, stderr)
				}
			})
		}
	}
}
