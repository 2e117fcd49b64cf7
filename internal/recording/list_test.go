package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestLists: records in a list are read like lines, whether the list lies in a page or
// not, over however many lines, and what follows it is read too.
func TestLists(t *testing.T) {
	t.Parallel()
	record := func(i int) string {
		return fmt.Sprintf(`{"event":"a, [b] \"}","distinct_id":"u%d","timestamp":"2026-01-01T00:00:0%dZ",`+
			`"properties":{"l":[1,{"x":"\\"}]},"id":"x%d"}`, i, i, i)
	}
	indented := func(text string) string {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(text), "", "\t"); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	list := "[" + record(1) + "," + record(2) + "]"
	page := `{"next":"https://example.com/?after=2","results":` + list + `,"count":2}`
	for _, c := range []struct {
		name, content string
		events, bad   int64
	}{
		{"a list", list, 2, 0},
		{"a list over many lines", indented(list), 2, 0},
		{"a page", page, 2, 0},
		{"a page over many lines", indented(page), 2, 0},
		{"pages one after the other", page + page + "\n" + list + "\n", 6, 0},
		{"an empty page", `{"results":[],"next":null}` + page, 2, 0},
		{"compressed", gzipped("\xef\xbb\xbf" + page), 2, 0},
		{"lines behind a list", list + "\n" + record(3) + "\n" + record(4) + "\n", 4, 0},
		{"a record that is none", "[" + record(1) + `,{"event":tru},7,` + record(2) + "]", 2, 2},
		{"no list", record(1) + "\n[1]\n", 1, 1},
	} {
		events, counts := readAll(t, written(t, c.content))
		if counts.Events != c.events || counts.Bad != c.bad ||
			!strings.HasPrefix(events[0], `a, [b] "} u1 2026-01-01T00:00:01Z {"l":[1,{"x":"\\"}]}`) {
			t.Errorf("%s: %q, %+v", c.name, events, counts)
		}
	}
	reader, err := Open(written(t, "["+record(1)+",{"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err = reader.Next(); err == nil {
		_, err = reader.Next()
	}
	if err == nil || !strings.Contains(err.Error(), "breaks off") {
		t.Errorf("a list that breaks off: %v", err)
	}
}
