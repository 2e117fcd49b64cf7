package report

import (
	"bytes"
	"strings"
	"testing"

	"rehearse/internal/verify"
	"rehearse/results/rundir"
)

// TestArrived: what verify found of a run is in each of its reports, and what it found of
// another run is not.
func TestArrived(t *testing.T) {
	t.Parallel()
	told := func(id string) string {
		r := verify.Report{Format: verify.Format}
		r.Run.ID, r.Source.Name, r.Source.Kind, r.Source.Complete = id, "a<b>.jsonl", "export", true
		r.Events.Accepted.Present, r.Events.Accepted.Lost = 1200, 34
		r.Verdict = verify.Fail
		r.Drain = &verify.Drain{Expected: 1234, Looks: 9,
			Points: []verify.Point{{At: 1500, Visible: 400}, {At: 61_500, Visible: 1200}}}
		r.Thresholds = []verify.ThresholdRow{
			{Text: "lost == 0", Value: "34", Known: true}, {Text: "visible p95 < 30s"},
			{Text: "altered == 0", Value: "0", OK: true, Known: true},
		}
		text, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	run, err := rundir.Open(withBeside(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string][]string{
		run.Result.Run.ID: {"1,200 events present, 34 lost", "lost == 0"},
		"other":           {"is not shown: it is of the run other"},
	} {
		run, err := rundir.Open(withBeside(t, map[string]string{verify.File: told(id)}))
		if err != nil {
			t.Fatal(err)
		}
		var plain, markdown, junit bytes.Buffer
		if err := WriteText(&plain, run, 98); err != nil {
			t.Fatal(err)
		}
		if err := WriteMarkdown(&markdown, run); err != nil {
			t.Fatal(err)
		}
		if err := WriteJUnit(&junit, run); err != nil {
			t.Fatal(err)
		}
		page, err := HTML(run)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"text": plain.String(), "markdown": markdown.String(), "html": string(page), "junit": junit.String(),
		} {
			for _, part := range want {
				if name == "junit" && strings.Contains(part, "present") {
					part = `<failure message="lost == 0: 34">`
				}
				if !strings.Contains(text, part) {
					t.Errorf("%s of run %s lacks %q:\n%s", name, id, part, text)
				}
			}
			if strings.Contains(text, "a<b>") && name != "text" {
				t.Errorf("%s: a name is markup", name)
			}
		}
	}
}
