package preflight_test

import (
	"bytes"
	"testing"
	"time"

	"rehearse/internal/intake"
	"rehearse/internal/preflight"
	"rehearse/scenario"
)

// TestImportFromPlainAnswers: 400 million old events, as a person says who fills in the
// form: the historical lane, no overflow that nobody has, and an answer at once.
func TestImportFromPlainAnswers(t *testing.T) {
	t.Parallel()
	answers, err := intake.Understand(map[string]string{
		"customer": "Acme", "committed": "yes", "starts": "Tue 2026-12-08 10:00 Europe/Berlin", "overlap": "yes",
		"historical": "yes, 2024-01-01 to 2026-11-30", "batching": "500", "apps": "no",
		"hottest-ids": "import-job,24000000\nuser-17,1200000", "event-types": "$pageview 70%, purchase 27%, $identify 3%", "merge-events": "$identify",
		"peak-rate": "5000/s", "duration": "400M events", "ramp": "10m",
	})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := answers.WriteScenario(&text, "acme"); err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse("acme.yaml", text.Bytes(), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r := foretell(t, s, nil)
	if took := time.Since(began); took > 20*time.Second && !raced { // a second on a machine of its own
		t.Errorf("the check took %v", took)
	}
	p := &r.Plan
	if !s.Target.HistoricalMigration || p.Events != 400_000_000 || p.Requests != 800_000 || p.Overflow != 0 || p.SafeRate != nil || len(p.Refused) != 0 {
		t.Errorf("%+v", p)
	}
	for _, id := range []string{"hot-ids", "not-historical", "historical-without-need", "timestamps-clamped", "unanswered", "merges-at-risk"} {
		if f := find(r, id); f != nil {
			t.Errorf("%+v", f)
		}
	}
	// The same events on the lane of everybody, which the form asked about for that.
	live := foretell(t, parse(t, text.String(), "target.historical_migration=false"), nil)
	if find(live, "global-limit") == nil || find(live, "not-historical") == nil || live.Plan.Overflow < 15_000_000 || live.Verdict != preflight.Accommodate {
		t.Errorf("%s: %+v", live.Verdict, live.Plan)
	}
}
