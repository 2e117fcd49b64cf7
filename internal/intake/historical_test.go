package intake

import (
	"strings"
	"testing"
	"time"

	"rehearse/scenario"
)

// TestReadHistorical: what people write for the period of an import.
func TestReadHistorical(t *testing.T) {
	t.Parallel()
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	for _, row := range []struct {
		text string
		want scenario.Answer
		from time.Time
		to   time.Time
	}{
		{"yes", scenario.Yes, time.Time{}, time.Time{}},
		{"No.", scenario.No, time.Time{}, time.Time{}},
		{"yes, 2025-01-01 to 2026-06-30", scenario.Yes, day(2025, 1, 1), day(2026, 7, 1)},
		{"Yes: from 2025-01-01 until 2026-06-30", scenario.Yes, day(2025, 1, 1), day(2026, 7, 1)},
		{"2025-01-01 - 2025-01-01", scenario.Yes, day(2025, 1, 1), day(2025, 1, 2)},
		{"2024 to 2025", scenario.Yes, day(2024, 1, 1), day(2026, 1, 1)},
		{"2024", scenario.Yes, day(2024, 1, 1), day(2025, 1, 1)},
		{"yes 2024-11..2025-02", scenario.Yes, day(2024, 11, 1), day(2025, 3, 1)},
		{"2025-01-01T06:00:00Z – 2025-01-02T06:00:00Z", scenario.Yes, day(2025, 1, 1).Add(6 * time.Hour),
			day(2025, 1, 2).Add(6 * time.Hour)},
	} {
		answer, p, err := readHistorical(row.text)
		if err != nil || answer != row.want || !p.From.Equal(row.from) || !p.To.Equal(row.to) {
			t.Errorf("%q: %v %v (%v)", row.text, answer, p, err)
		}
	}
	for text, want := range map[string]string{
		"perhaps":                     "as yes, no or a period",
		"no, 2024":                    "says no, and a period",
		"2025-02-30 to 2025-03-01":    "as yes, no or a period",
		"2026-01-01 to 2025-01-01":    "is not before",
		"yes, last year to this year": "as yes, no or a period",
	} {
		if _, _, err := readHistorical(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestHistoricalScenario: an import of old events takes the historical lane, and has
// times of the period; without a period those of the year before, whenever it starts.
func TestHistoricalScenario(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		given    map[string]string
		flag     bool
		from, to string // of the timestamps; empty: those of sending
		peak     float64
	}{
		{given("historical", "yes, 2025-01-01 to 2026-06-30", "duration", "400M events", "starts", "2026-12-01 10:00"),
			true, "2025-01-01", "2026-07-01", 5000},
		{given("historical", "yes", "duration", "400M events", "starts", "2026-12-01 10:00"), true, "2025-11-29",
			"2026-11-29", 5000},
		{given("historical", "yes", "peak-rate", "20k/s", "duration", "400M events", "starts", "2026-12-01 10:00"),
			true, "2025-11-29", "2026-11-29", 20000},
		{given("historical", "no", "duration", "4M events"), false, "", "", 500},
		{given("duration", "4M events"), false, "", "", 500},
	} {
		a, text := written(t, row.given)
		s, err := scenario.Parse("a.yaml", text, scenario.Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		times := s.Traffic.Timestamps
		stamps := [2]string{times.From.Format(time.DateOnly), times.To.Format(time.DateOnly)}
		if times.Now {
			stamps = [2]string{}
		}
		if s.Target.HistoricalMigration != row.flag || stamps != [2]string{row.from, row.to} ||
			s.Load.Curve.Peak() != row.peak {
			t.Errorf("%v: flag %v, times %v, peak %v", row.given, s.Target.HistoricalMigration, stamps,
				s.Load.Curve.Peak())
		}
		notes := strings.Join(a.Notes(), "\n")
		if strings.Contains(notes, "importer sends 5,000/s") != row.flag ||
			strings.Contains(notes, "agree on a higher rate") != (row.peak > 5000) {
			t.Errorf("%v: %s", row.given, notes)
		}
	}
}
