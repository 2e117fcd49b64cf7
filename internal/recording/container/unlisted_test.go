package container

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestListOfAnything: whatever the records are, written in whatever way, they come out
// one a line, against encoding/json.
func TestListOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String().AsAny(), rapid.Int().AsAny(),
			rapid.SliceOf(rapid.String()).AsAny(), rapid.MapOf(rapid.String(), rapid.Bool()).AsAny())
		records := rapid.SliceOfN(rapid.MapOf(rapid.String(), value), 1, 5).Draw(t, "records")
		text, err := json.MarshalIndent(records, "", " ")
		if err != nil {
			t.Skip("no JSON")
		}
		lines, err := io.ReadAll(unlisted(bufio.NewReaderSize(bytes.NewReader(text), ReadAhead)))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, record := range records {
			line, _ := json.Marshal(record)
			want = append(want, string(line))
		}
		if got := strings.TrimSpace(string(lines)); got != strings.Join(want, "\n") {
			t.Fatalf("%s became\n%s", text, got)
		}
	})
}
