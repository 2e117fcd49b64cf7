package learn

import (
	"fmt"
	"strings"
	"testing"
)

// TestTopKnowsItsHead: of a few counts it is said that they may be the head of more,
// unless ids that occur once are among them.
func TestTopKnowsItsHead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rows, least int
		told        bool
	}{{20, 5, true}, {20, 1, false}, {1000, 5, true}, {1234, 5, false}, {2000, 2, true}} {
		var counts strings.Builder
		counts.WriteString("distinct_id,count\n")
		for i := range c.rows {
			fmt.Fprintf(&counts, "u%d,%d\n", i, c.least+c.rows-1-i)
		}
		p, err := ReadTop(strings.NewReader(counts.String()))
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := p.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text.String(), "ids are perhaps the head of more") != c.told {
			t.Errorf("%d rows down to %d:\n%s", c.rows, c.least, text.String())
		}
	}
}
