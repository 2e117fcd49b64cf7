package report

import (
	"bytes"
	"strings"
	"testing"

	"rehearse/results"
	"rehearse/results/rundir"
)

// A run that held two rates says in every form up to which one it went well.
func TestStagesAreShown(t *testing.T) {
	t.Parallel()
	run, err := rundir.Open("../rundir/testdata/small-import")
	if err != nil {
		t.Fatal(err)
	}
	came := func(answered float64, broke ...string) *results.StageStats {
		return &results.StageStats{Answered: &answered, Broken: broke}
	}
	run.Result.Stages = []results.StageRow{
		{Name: "up<b>", To: 5, End: 300, Stats: came(149)},
		{Name: "low", From: 5, To: 10, Start: 300, End: 300, Stats: came(299)},
		{Name: "high", From: 10, To: 15, Start: 600, End: 600, Stats: came(451, "p99 < 500ms was 3 s")},
	}
	html, err := HTML(run)
	if err != nil {
		t.Fatal(err)
	}
	var markdown bytes.Buffer
	if err := WriteMarkdown(&markdown, run); err != nil {
		t.Fatal(err)
	}
	for text, wants := range map[string][]string{
		string(html): {`<span class="ok">✓</span> low</td>`, `<span class="bad">✗</span> high</td>`, "up&lt;b&gt;",
			"<td>0 to 300</td><td>149</td>",
			"the thresholds held up to 300 events/s, and broke at 600/s: p99 &lt; 500ms was 3 s."},
		markdown.String(): {"up&lt;b&gt; | 0 to 300 | 149", "| ✓ |\n| high |",
			"the thresholds held up to 300 events/s, and broke at 600/s: p99 &lt; 500ms was 3 s."},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
	}
}
