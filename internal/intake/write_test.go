package intake

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rehearse/scenario"
)

var update = flag.Bool("update", false, "rewrite golden files")

// written understands answers and writes their scenario.
func written(t interface {
	Helper()
	Fatalf(string, ...any)
}, given map[string]string) (*Answers, []byte) {
	t.Helper()
	a, err := Understand(given)
	if err != nil {
		t.Fatalf("%v: %v", given, err)
	}
	var b bytes.Buffer
	if err := a.WriteScenario(&b, "acme"); err != nil {
		t.Fatalf("%v", err)
	}
	return a, b.Bytes()
}

// examples are the questions with their examples for answers.
func examples() map[string]string {
	all := make(map[string]string)
	for _, q := range Questions() {
		all[q.Key] = q.Example
	}
	return all
}

func TestGoldenScenarios(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]map[string]string{
		"answered":   examples(),
		"unanswered": {},
		"thin": given("customer", "Ac: me # \"quoted\"", "peak-rate", "300k/min", "duration", "10M events in 2h",
			"batching", "20-100",
			"hottest-ids", "kiosk 60%\nserver 39.5%", "merge-events", "$identify 5%, $create_alias", "apps", "yes"),
		"total": given("duration", "9 billion events", "peak-rate", "50,000 per second", "ramp", "none",
			"batching", "none",
			"event-types", "page \"seen\" \U0001f600: 6G\nyes: 2G\n$identify: 100k", "hottest-ids", pasted["psql"]),
	} {
		_, text := written(t, all)
		path := filepath.Join("testdata", name+".yaml")
		if *update {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if _, err := scenario.Load(path); err != nil {
			t.Errorf("%s does not load: %v", name, err)
		}
	}
}

// TestExamplesStandInTheScenario: what was answered is what the file says.
func TestExamplesStandInTheScenario(t *testing.T) {
	t.Parallel()
	_, text := written(t, examples())
	s, err := scenario.Parse("acme.yaml", text, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := scenario.Intake{
		Committed: scenario.Yes, Starts: time.Date(2026, 12, 1, 10, 0, 0, 0, time.FixedZone("", 3600)),
		Overlap: scenario.Yes, Apps: scenario.No,
	}
	if diff := cmp.Diff(want, s.Intake); diff != "" {
		t.Errorf("intake (-want +got):\n%s", diff)
	}
	if s.Customer != "Acme" || s.Contact != "data@acme.example" || s.Batching.MinEvents != 100 ||
		s.Batching.MaxEvents != 100 {
		t.Errorf("customer %q, contact %q, batches %+v", s.Customer, s.Contact, s.Batching)
	}
	// A ramp of 10 m to 5,000/s and 110 m at it: 1.5 M + 33 M events.
	if p := s.Load.Curve; p.Peak() != 5000 || p.Span() != 2*time.Hour || p.Total() != 34_500_000 {
		t.Errorf("peak %v, %v long, %d events", p.Peak(), p.Span(), p.Total())
	}
	if hot := s.Traffic.DistinctIDs.Hot; len(hot) != 3 || math.Abs(hot[0].Share-250000/34.5e6) > 1e-9 ||
		hot[0].ID != "" {
		t.Errorf("hot ids %+v", hot)
	}
}

// TestNothingOfAnIDIsWritten: a pasted id may be an email address.
func TestNothingOfAnIDIsWritten(t *testing.T) {
	t.Parallel()
	for name, table := range pasted {
		_, text := written(t, given("hottest-ids", table))
		for _, id := range []string{"import-job", "Doe"} {
			if strings.Contains(string(text), id) {
				t.Errorf("%s: %q is in the scenario", name, id)
			}
		}
	}
}

// TestOthersAreNoBusierThanTheLast: of 1,000,000 events a table lists 20 ids with
// 30,000 down to 11,000; nobody else may have more than 11,000.
func TestOthersAreNoBusierThanTheLast(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	for i := range 20 {
		fmt.Fprintf(&table, "u%d,%d\n", i, 30000-1000*i)
	}
	a, err := Understand(given("hottest-ids", table.String(), "duration", "1M events"))
	if err != nil {
		t.Fatal(err)
	}
	found := a.ids(0.03)
	rest, weight := 1.0, 0.0
	for _, share := range found.hot {
		rest -= share
	}
	for r := 1.0; r <= float64(found.count); r++ {
		weight += math.Pow(r, -found.skew)
	}
	if busiest := 1e6 * rest / weight; len(found.hot) != 20 || busiest > 11_050 || busiest < 5_000 {
		t.Errorf("%+v: the busiest of the others has %.0f", found, busiest)
	}
}

// drawn draws answers that do not contradict each other.
func drawn(t *rapid.T) map[string]string {
	all := make(map[string]string)
	maybe := func(key string, text func() string) {
		if rapid.Bool().Draw(t, key+"?") {
			all[key] = text()
		}
	}
	word := func(key string) func() string {
		return func() string { return rapid.SampledFrom([]string{"yes", "no"}).Draw(t, key) }
	}
	for _, key := range []string{"committed", "overlap", "apps"} {
		maybe(key, word(key))
	}
	maybe("starts", func() string {
		return time.Unix(rapid.Int64Range(1e9, 4e9).Draw(t, "starts"), 0).UTC().Format(time.RFC3339)
	})
	maybe("batching", func() string {
		low := rapid.IntRange(1, 1000).Draw(t, "fewest")
		return fmt.Sprintf("%d-%d", low, rapid.IntRange(low, 5000).Draw(t, "most"))
	})
	peak := math.Round(1000*rapid.Float64Range(1, 50_000).Draw(t, "peak")) / 1000
	seconds := rapid.IntRange(2, 200_000).Draw(t, "seconds")
	ramp := rapid.IntRange(0, seconds).Draw(t, "ramp")
	least, most := peak*float64(ramp)/2+2, peak*(float64(seconds)-float64(ramp)/2)
	total := rapid.Float64Range(least, max(least, most)).Draw(t, "total")
	maybe("peak-rate", func() string { return fmt.Sprintf("%.4f/s", peak) })
	switch rapid.IntRange(0, 3).Draw(t, "extent") {
	case 0:
		all["duration"] = fmt.Sprintf("%ds", seconds)
	case 1:
		all["duration"] = fmt.Sprintf("%.0f events", math.Ceil(total))
	case 2:
		if total <= most {
			all["duration"] = fmt.Sprintf("%.0f events in %ds", math.Floor(total), seconds)
		}
	}
	if all["duration"] != "" {
		maybe("ramp", func() string { return fmt.Sprintf("%ds", ramp) })
	}
	maybe("event-types", func() string {
		return fmt.Sprintf("%q,%d\nb,%d\n$identify,%d",
			rapid.StringMatching(`[a-z$:{}#&*! ${}-]{3,20}z`).Draw(t, "name"),
			rapid.IntRange(100, 1e10).Draw(t, "a"), rapid.IntRange(1, 1000).Draw(t, "b"),
			rapid.IntRange(1, 100).Draw(t, "c"))
	})
	maybe("hottest-ids", func() string {
		var table strings.Builder
		for i := range rapid.IntRange(1, 40).Draw(t, "rows") {
			fmt.Fprintf(&table, "u%d\t%.4f%%\n", i, rapid.Float64Range(0.001, 2.4).Draw(t, "share"))
		}
		return table.String()
	})
	return all
}

// TestAnyAnswersMakeAScenario: the scenario of answers that can be true loads, and
// has their peak, their duration and their number of events.
func TestAnyAnswersMakeAScenario(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := drawn(t)
		if _, err := Understand(all); err != nil {
			if strings.Contains(err.Error(), "event-types: the event types add up") ||
				strings.Contains(err.Error(), "do not fit") && all["ramp"] == "" {
				t.Skip("the draw contradicts itself")
			}
			t.Fatalf("%v: %v", all, err)
		}
		a, text := written(t, all)
		s, err := scenario.Parse("acme.yaml", text, scenario.Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		agree(t, a, s, strings.Contains(string(text), "Their shares are lower than answered"))
	})
}

// agree holds a scenario against the answers that it was written from; cut tells
// that merges left no room for all hot ids.
func agree(t *rapid.T, a *Answers, s *scenario.Scenario, cut bool) {
	p := s.Load.Curve
	if a.Peak > 0 && math.Abs(p.Peak()-a.Peak) > 1e-9*a.Peak {
		t.Errorf("peak %v, answered %v", p.Peak(), a.Peak)
	}
	if a.Duration > 0 && p.Span() != a.Duration {
		t.Errorf("%v long, answered %v", p.Span(), a.Duration)
	}
	if a.Total > 0 && math.Abs(float64(p.Total()-a.Total)) > 1+1e-9*float64(a.Total) {
		t.Errorf("%d events, answered %d: %s", p.Total(), a.Total, a.course().text())
	}
	if a.Ramps && a.Ramp > 0 && (p.Stages()[0].Over != a.Ramp || p.Stages()[0].From != 0) {
		t.Errorf("begins with %+v, answered a ramp of %v", p.Stages()[0], a.Ramp)
	}
	want := scenario.Intake{
		Committed:  a.Committed,
		Starts:     a.Starts,
		Overlap:    a.Overlap,
		Apps:       a.Apps,
		Unanswered: a.Open(),
	}
	if diff := cmp.Diff(want, s.Intake); diff != "" {
		t.Errorf("intake (-want +got):\n%s", diff)
	}
	if a.Types != nil {
		weights := make([]Row, len(s.Traffic.Events))
		for i, e := range s.Traffic.Events {
			weights[i] = Row{e.Name, e.Weight}
		}
		if diff := cmp.Diff(scaled(append([]Row(nil), a.Types.Rows...)), weights); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	}
	if a.Hottest != nil && !cut && len(s.Traffic.DistinctIDs.Hot) != min(len(a.Hottest.Rows), maxHot) {
		t.Errorf("%d hot ids of %d", len(s.Traffic.DistinctIDs.Hot), len(a.Hottest.Rows))
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"acme": "acme", "Acme & Söhne": "Acme---S-hne", "": "intake", "...": "intake", ".hidden": "hidden",
		strings.Repeat("x", 99): strings.Repeat("x", 64),
	} {
		if got := Name(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
