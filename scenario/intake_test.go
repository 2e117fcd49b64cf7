package scenario

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestIntakeTellsUnansweredFromNo(t *testing.T) {
	t.Parallel()
	december := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		text string
		want Intake
		open []Question
	}{
		{"", Intake{}, []Question{AskCommitted, AskStarts, AskOverlap, AskApps}},
		{"intake: {}", Intake{}, []Question{AskCommitted, AskStarts, AskOverlap, AskApps}},
		{"intake: {committed: yes, overlap: no, apps: false, starts: 2026-12-01}",
			Intake{Committed: Yes, Starts: december, Overlap: No, Apps: No}, nil},
		{"intake: {committed: TRUE, overlap: 'No', apps: '${A:-true}', starts: 2026-12-01}",
			Intake{Committed: Yes, Starts: december, Overlap: No, Apps: Yes}, nil},
		{"intake: {apps: no, unanswered: [ramp, starts]}",
			Intake{Apps: No, Unanswered: []Question{AskRamp, AskStarts}},
			[]Question{AskCommitted, AskStarts, AskOverlap, AskRamp}},
	} {
		s, err := Parse("a.yaml", []byte(minimal+c.text+"\n"), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, s.Intake); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
		if got := s.Intake.Open(); !slices.Equal(got, c.open) {
			t.Errorf("%s: open are %v, want %v", c.text, got, c.open)
		}
	}
}

func TestIntakeMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"intake: {apps: perhaps}",
			`a.yaml:5:16: intake.apps: expected yes or no, found "perhaps" (leave the field out if there ` +
				`is no answer)`},
		{"intake: {apps: 'true'}",
			`a.yaml:5:16: intake.apps: expected yes or no, found "true" (leave the field out if there ` +
				`is no answer)`},
		{"intake: {apps: 1}", "a.yaml:5:16: intake.apps: expected yes or no, found a number"},
		{"intake: {unanswered: [rammp]}",
			`a.yaml:5:23: intake.unanswered[0]: unknown word "rammp" (did you mean ramp?)`},
		{"intake: {unanswered: [ramp, ramp]}", "a.yaml:5:29: intake.unanswered[1]: listed twice"},
		{"intake: {unanswered: [apps], apps: no}",
			"a.yaml:5:23: intake.unanswered[0]: intake.apps answers it (take it off the list)"},
	} {
		text := "name: a\nload: {profile: 'const(10, 1s)'}\ntraffic: {}\n\n" + c.text
		_, err := Parse("a.yaml", []byte(text), Options{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestQuestionsAreThoseOfTheSchema holds the two lists together, and makes sure
// that each is asked in one line.
func TestQuestionsAreThoseOfTheSchema(t *testing.T) {
	t.Parallel()
	enum, err := json.Marshal(Questions())
	if err != nil {
		t.Fatal(err)
	}
	spaced := strings.ReplaceAll(string(enum), ",", ", ")
	if !strings.Contains(string(Schema()), `{"enum": `+spaced+`}`) {
		t.Errorf("the schema does not list %s", spaced)
	}
	for _, q := range Questions() {
		if text := q.Text(); text == string(q) || !strings.HasSuffix(text, "?") || strings.Contains(text, "\n") {
			t.Errorf("%s asks %q", q, text)
		}
	}
}
