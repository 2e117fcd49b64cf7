package recording

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// withHole writes a file with a hole of 33 MiB between two texts. It takes no room on
// the disk, and reads as bytes of zero.
func withHole(t *testing.T, before, after string) *scenario.Replay {
	t.Helper()
	r := scenario.DefaultReplay()
	r.Paths = []string{filepath.Join(t.TempDir(), "long")}
	file, err := os.Create(r.Paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	io.WriteString(file, before)
	if _, err := file.WriteAt([]byte(after), 33<<20); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLongLine: a line that is too long is one bad line, of which the beginning is
// told, and reading goes on behind it: among lines, in a table, and inside the quotes
// of a table.
func TestLongLine(t *testing.T) {
	if raced {
		t.Skip("nothing here runs at once, and the bytes are many")
	}
	const line = `{"event":"a","distinct_id":"u","timestamp":"2026-01-01T00:00:00Z","properties":{}}` + "\n"
	const header, row = "event,distinct_id,timestamp\n", "a,u,2026-01-01\n"
	for _, c := range []struct {
		name, before, after string
		want                string // line and reason of what is bad
	}{
		{"lines", line + "{", "}\n" + line, "2 longer than 32 MiB; "},
		{"quotes", header + row + "a,\"u\n", "\n" + row, "3 not a row of the table; 4 longer than 32 MiB; "},
	} {
		reader, err := Open(withHole(t, c.before, c.after))
		if err != nil {
			t.Fatal(err)
		}
		bad, kept, events := "", 0, 0
		reader.Bad = func(b Bad) error {
			bad += fmt.Sprint(b.Line, " ", b.Reason, "; ")
			kept = max(kept, len(b.Text))
			return nil
		}
		for _, err = reader.Next(); err == nil; _, err = reader.Next() {
			events++
		}
		if err != io.EOF || bad != c.want || events != 2 || kept != container.MaxText+1 {
			t.Errorf("%s: %d events of 2, bad are %s with %d bytes at most, want %s (%v)",
				c.name, events, bad, kept, c.want, err)
		}
		reader.Close()
	}
}

// TestLongRequest: the same among recorded requests.
func TestLongRequest(t *testing.T) {
	if raced {
		t.Skip("nothing here runs at once, and the bytes are many")
	}
	const line = `{"path":"/batch/","method":"POST","now":"2026-01-01T00:00:00Z","body":"e30="}` + "\n"
	const record = "1 1 1767225600000000000\nPOST /batch/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
	for name, r := range map[string]*scenario.Replay{
		"lines":    withHole(t, line, "\n"+line),
		"GoReplay": withHole(t, record+goReplaySeparator, goReplaySeparator+record),
	} {
		requests, err := OpenRequests(r)
		if err != nil {
			t.Fatal(err)
		}
		var bad []event.Reason
		requests.Bad = func(b Bad) error { bad = append(bad, b.Reason); return nil }
		var q Request
		sent := 0
		for err == nil {
			if err = requests.Next(&q, func(*Request) event.Reason { return "" }); err == nil {
				sent++
			}
		}
		if err != io.EOF || sent != 2 || len(bad) != 1 || bad[0] != event.TooLong {
			t.Errorf("%s: %d requests of 2, bad are %q (%v)", name, sent, bad, err)
		}
		requests.Close()
	}
	archive, err := newHAR(strings.NewReader(`{"log":{"entries":[{"comment":"` +
		strings.Repeat("x", container.ReadAhead) + `"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	archive.most = container.ReadAhead / 2
	if _, _, err := archive.next(); err == nil || !strings.Contains(err.Error(), "more than 131072 bytes") {
		t.Errorf("an archive with an entry that is too long: %v", err)
	}
}

// TestStrayQuotes: a quote that is never closed costs its own line and no other,
// wherever the next quote stands.
func TestStrayQuotes(t *testing.T) {
	t.Parallel()
	row := func(i int) string { return fmt.Sprintf("a,u%d,2026-01-01,x", i) }
	many := func(n int) (rows []string) {
		for i := range n {
			rows = append(rows, row(i))
		}
		return rows
	}
	for _, c := range []struct {
		name string
		rows []string // with s: a row with a stray quote
		good int
		bad  string // their lines; the header is the first
	}{
		{"at the end", append(many(3), `a,u,2026-01-01,"x`), 3, "5 "},
		{"before many rows", append([]string{`a,u,2026-01-01,"x`}, many(250)...), 250, "2 "},
		{"before a quoted cell", append([]string{`a,u,2026-01-01,"x`, row(1), `a,u,2026-01-01,"y, z"`}, many(150)...),
			152, "2 "},
		{"each followed by another", append([]string{`a,u,2026-01-01,"x`, `a,u,2026-01-01,"y`, row(1),
			`"a,u,2026-01-01,z`}, many(150)...), 151, "2 3 5 "},
		{"inside of a cell", append([]string{`a,u,2026-01-01,5" disk`, row(1), `a,u,2026-01-01,3" disk`}, many(3)...),
			6, ""},
		{"behind a quoted cell", append([]string{`a,u,2026-01-01,"5" disk"`}, many(3)...), 3, "2 "},
		{"a true row over many lines", append([]string{`a,u,2026-01-01,"` + strings.Repeat("\n", 98) + `"`},
			many(3)...), 4, ""},
		{"a row over too many lines", append([]string{`a,u,2026-01-01,"` + strings.Repeat("\n", 100) + `"`},
			many(3)...), 3, "2 102 "},
	} {
		reader, err := Open(written(t, "event,distinct_id,timestamp,n\n"+strings.Join(c.rows, "\r\n")+"\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		var bad bytes.Buffer
		reader.Bad = func(b Bad) error {
			fmt.Fprintf(&bad, "%d ", b.Line)
			if bytes.IndexByte(b.Text, '\n') >= 0 {
				t.Errorf("%s: %q is quarantined as one", c.name, b.Text)
			}
			return nil
		}
		good := 0
		for _, err = reader.Next(); err == nil; _, err = reader.Next() {
			good++
		}
		if err != io.EOF || good != c.good || bad.String() != c.bad {
			t.Errorf("%s: %d rows, want %d; bad lines %s, want %s (%v)", c.name, good, c.good, bad.String(), c.bad, err)
		}
		reader.Close()
	}
}
