package learn

import (
	"io"
	"strings"
	"testing"
)

// FuzzReadTop: no table of counts makes the reader panic or go on for ever, and what is
// learned from one can be written.
func FuzzReadTop(f *testing.F) {
	for _, text := range []string{"distinct_id,count\na,3\nb,1\n", "3\n2\n1\n", "a,1e3\n", "\"x\ny\",7\n",
		"a,9007199254740992\nb,1\n", "id,n\n", "a,-1\n", "a,0\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ReadTop(strings.NewReader(text))
		if err != nil {
			return
		}
		if p.DistinctIDs < 1 || p.Events < p.DistinctIDs || p.Top[0] < 1 {
			t.Errorf("%q: %d events of %d ids, the busiest with %d", text, p.Events, p.DistinctIDs, p.Top[0])
		}
		if err := p.WriteText(io.Discard); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if err := p.WriteScenario(io.Discard, "a", ""); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
