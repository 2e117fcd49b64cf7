package report

import (
	"bytes"
	"strings"
	"testing"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
)

// TestPermitIsNamed: by the result and in one line of the report, and only if
// there was one.
func TestPermitIsNamed(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "acme-import-7f3a"} {
		r := judge.NewJudge(&results.Manifest{Permit: id}).Result(results.Final{}, results.Count{}, &judge.Evidence{})
		var data bytes.Buffer
		if err := rundir.WriteJSON(&data, r); err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := WriteText(&page, &rundir.Run{Result: r, Latency: results.NewHistogram(),
			Service: results.NewHistogram(), Lag: results.NewHistogram()}, text.Columns); err != nil {
			t.Fatal(err)
		}
		inResult := strings.Contains(data.String(), `"permit": "`+id+`"`)
		inReport := strings.Contains(page.String(), "\n  permit     "+id+"\n")
		if want := id != ""; inResult != want || inReport != want {
			t.Errorf("permit %q: in the result %v, in the report %v", id, inResult, inReport)
		}
	}
}
