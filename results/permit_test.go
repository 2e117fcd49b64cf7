package results

import (
	"bytes"
	"strings"
	"testing"
)

// TestPermitIsNamed: by the result and in one line of the report, and only if
// there was one.
func TestPermitIsNamed(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "acme-import-7f3a"} {
		r := newResult(&Manifest{Permit: id}, NewTally(), 0)
		text, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := WriteText(&page, &Run{Result: r, Latency: NewHistogram(), Service: NewHistogram(), Lag: NewHistogram()}, TextWidth); err != nil {
			t.Fatal(err)
		}
		inResult := strings.Contains(string(text), `"permit": "`+id+`"`)
		inReport := strings.Contains(page.String(), "\n  permit     "+id+"\n")
		if want := id != ""; inResult != want || inReport != want {
			t.Errorf("permit %q: in the result %v, in the report %v", id, inResult, inReport)
		}
	}
}
