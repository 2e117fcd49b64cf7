package recording

import (
	"fmt"
	"strings"
	"testing"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// mappedBy reads files of these contents through the fields of a scenario.
func mappedBy(t *testing.T, replay string, contents ...string) ([]string, Counts) {
	t.Helper()
	r := written(t, contents...)
	text := fmt.Appendf(nil, "name: a\nreplay: {files: [%q], %s}\n", strings.Join(r.Paths, `", "`), replay)
	text = []byte(strings.ReplaceAll(string(text), `\", \"`, `", "`))
	s, err := scenario.Parse("a.yaml", text, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, s.Replay)
}

// TestPreambles: what stands before the header of a table, and between its rows,
// belongs to no row.
func TestPreambles(t *testing.T) {
	t.Parallel()
	const row = "viewed u1 2026-01-01T00:00:01Z "
	for file, want := range map[string]int{"ga.csv": 20, "noblank.csv": 2, "mid.csv": 2} {
		for _, format := range []scenario.Format{scenario.FormatAuto, scenario.FormatCSV} {
			r := scenario.DefaultReplay()
			r.Format, r.Paths = format, []string{"testdata/preamble/" + file}
			got, counts := readAll(t, r)
			if len(got) != want || counts.Bad != 0 || !strings.HasPrefix(strings.Join(got, "\n"), "viewed u") ||
				!strings.Contains(strings.Join(got, "\n"), row) {
				t.Errorf("%s as %s: %d events of %d: %+v", file, format, len(got), want, counts)
			}
		}
	}
	for name, content := range map[string]string{
		"a title": "Events of last week\nfrom shop\n\nevent,distinct_id,timestamp\n" +
			"viewed,u1,2026-01-01T00:00:01Z\n",
		"the header behind a #": "# made by x\n#event,distinct_id,timestamp\nviewed,u1,2026-01-01T00:00:01Z\n",
		"Excel's separator":     "sep=;\nevent;distinct_id;timestamp\nviewed;u1;2026-01-01T00:00:01Z\n",
		"the header comes again": "event,distinct_id,timestamp\nviewed,u1,2026-01-01T00:00:01Z\n" +
			"event,distinct_id,timestamp\n",
		"a database's nothing":      "event\tdistinct_id\ttimestamp\tx\nviewed\tu1\t2026-01-01T00:00:01Z\t\\N\n",
		"a first cell that has a #": "distinct_id,event,timestamp\nu1,viewed,2026-01-01T00:00:01Z\n#x,y\n",
	} {
		for _, format := range []scenario.Format{scenario.FormatAuto, scenario.FormatCSV} {
			r := written(t, content)
			r.Format = format
			if got, counts := readAll(t, r); len(got) != 1 || got[0] != row+"{}" || counts.Bad != 0 {
				t.Errorf("%s as %s: %q, %+v", name, format, got, counts)
			}
		}
	}
	r := written(t, "# x\nevent,distinct_id,timestamp\n#hash,u1,2026-01-01\n")
	if got, _ := readAll(t, r); len(got) != 1 || !strings.HasPrefix(got[0], "#hash u1 ") {
		t.Errorf("an event whose name begins with a #: %q", got)
	}
}

// TestMappings: what a mapping can say, on lines and on tables.
func TestMappings(t *testing.T) {
	t.Parallel()
	const at = "2026-01-01T00:00:00Z"
	for _, c := range []struct{ name, replay, content, want string }{
		{"a constant", `fields: {event: {constant: page}, distinct_id: u, timestamp: t}`,
			`{"u":"a","t":1767225600,"x":1}`, `page a ` + at + ` {"x":1}`},
		{"constants in a table",
			`format: csv, fields: {event: {constant: page}, distinct_id: {constant: all}, timestamp: t}`,
			"t,x\n1767225600,1\n", `page all ` + at + ` {"x":1}`},
		{"the first that is there", `fields: {event: [name, type], distinct_id: [user.id, anon], timestamp: t}`,
			`{"type":"e","name":null,"user":{"id":""},"anon":"a","t":1767225600}` + "\n" +
				`{"type":"f","user":{"id":7},"anon":"b","t":1767225600}`,
			`e a ` + at + ` {"user":{"id":""}}` + "\n" + `f 7 ` + at + ` {"user":{"id":7},"anon":"b"}`},
		{"the first that is there of a table", `fields: {event: kind, distinct_id: [user, anon], timestamp: t}`,
			"kind;anon;user;t\ne;a;;2026-01-01\nf;a;u;2026-01-01\n",
			`e a ` + at + ` {}` + "\n" + `f u ` + at + ` {"anon":"a"}`},
		{"joined", `fields: {event: e, distinct_id: u, timestamp: {join: [date, time]}}`,
			"e,u,date,time\ne,a,2026-01-01,10:00:00\n", `e a 2026-01-01T10:00:00Z {}`},
		{"columns", `fields: {columns: [t, u, "", e], event: e, distinct_id: u, timestamp: t}`,
			"2026-01-01,a,x,e\n", `e a ` + at + ` {}`},
		{"a separator", `fields: {columns: [t, u, e], separator: "|", event: e, distinct_id: u, timestamp: t}`,
			"2026-01-01|a,b|e\n", `e a,b ` + at + ` {}`},
		{"a separator and a header", `format: csv, fields: {separator: "|", event: e, distinct_id: u, timestamp: t}`,
			"t|u|e\n2026-01-01|a,b|e\n", `e a,b ` + at + ` {}`},
		{"blanks",
			`fields: {columns: [ip, t, request, code], separator: blank, ` +
				`event: {constant: hit}, distinct_id: ip, timestamp: t}`,
			"# a log\n203.0.113.7   [01/Jan/2026:01:00:00 +0100]  \"GET \\\"x\\\" y\"\t200\n",
			`hit 203.0.113.7 ` + at + ` {"request":"GET \\\"x\\\" y","code":200}`},
		{"inside of a cell", `fields: {event: e, distinct_id: who.id, timestamp: t, properties: p}`,
			"e,who,t,p\ne,\"{\"\"id\"\":5}\",2026-01-01,\"{\"\"n\"\":1}\"\n", `e 5 ` + at + ` {"n":1}`},
		{"each", `fields: {each: events, event: name, distinct_id: [user, session.user], timestamp: t}`,
			`{"session":{"user":"s"},"events":[{"name":"a","t":1767225600},` +
				`{"name":"b","t":1767225600,"user":"u","session":1}],"app":"x"}`,
			`a s ` + at + ` {"session":{"user":"s"},"app":"x"}` + "\n" + `b u ` + at + ` {"session":1,"app":"x"}`},
		{"each, deeper", `fields: {each: a.b.events, event: e, distinct_id: a.b.u, timestamp: t}`,
			`{"a":{"b":{"u":"s","events":[{"e":"a","t":1767225600,"n":[1,"]"]}]}}}`,
			`a s ` + at + ` {"n":[1,"]"],"a":{"b":{"u":"s","events":null}}}`},
		{"one's own separator wins", `fields: {separator: ";"}`, "event;distinct_id;timestamp\na;b,c;2026-01-01\n",
			`a b,c ` + at + ` {}`},
	} {
		got, counts := mappedBy(t, c.replay, c.content)
		if all := strings.Join(got, "\n"); all != c.want || counts.Bad != 0 {
			t.Errorf("%s: events are\n%s\nwant\n%s\n%+v", c.name, all, c.want, counts)
		}
	}
}

// TestEachLeavesOut: what is no list, or no object in one, has its reason.
func TestEachLeavesOut(t *testing.T) {
	t.Parallel()
	_, counts := mappedBy(t, `fields: {each: events, event: e, distinct_id: u, timestamp: t}`, `{"x":1}
{"events":5}
{"events":[]}
{"events":[ ]}
{"events":[1,{"e":"a","u":"b","t":1767225600}, "x" ]}
{"events":[{"e":"a","u":"b","t":1767225600},
`)
	want := map[event.Reason]int64{event.NoList: 2, event.EmptyList: 2, event.NotJSON: 3}
	if got := leftOut(&counts); fmt.Sprint(got) != fmt.Sprint(want) || counts.Events != 1 {
		t.Errorf("left out %v, want %v, %d events", got, want, counts.Events)
	}
}

// TestEqualLines: equal lines have identifiers of their own, in one file, in one list
// and in files that have the same name; and the same ones wherever the files lie.
func TestEqualLines(t *testing.T) {
	t.Parallel()
	const line = `{"event":"e","distinct_id":"u","timestamp":1767225600,"list":[{},{}]}` + "\n"
	read := func(r *scenario.Replay) (ids []string) {
		reader, err := Open(r)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for {
			e, err := reader.Next()
			if err != nil {
				return ids
			}
			ids = append(ids, fmt.Sprint(e.UUID))
		}
	}
	unlike := func(ids []string, n int, what string) {
		seen := map[string]bool{}
		for _, id := range ids {
			seen[id] = true
		}
		if len(ids) != n || len(seen) != n {
			t.Errorf("%s: %d events with %d identifiers, want %d", what, len(ids), len(seen), n)
		}
	}
	r := written(t, line+line, line)
	first := read(r)
	unlike(first, 3, "two files")
	moved := written(t, line+line, line)
	if again := read(moved); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("moved, the identifiers are %v, and were %v", again, first)
	}
	same := *r
	same.Paths = []string{r.Paths[0], moved.Paths[0]}
	unlike(read(&same), 4, "two files of one name")
	each := *r
	each.Fields.Each = "list"
	unlike(read(&each), 6, "elements of lists")
}

// TestVirtualHosts: visitors are told apart whatever stands before them in a log, or
// the line is refused.
func TestVirtualHosts(t *testing.T) {
	t.Parallel()
	r := scenario.DefaultReplay()
	r.Paths = []string{"testdata/vhost/vhost.log"}
	got, _ := readAll(t, r)
	ids := map[string]bool{}
	for _, e := range got {
		ids[strings.Fields(e)[2]] = true
	}
	if len(got) != 20 || len(ids) != 20 || !ids["192.0.2.7"] {
		t.Errorf("%d events of %d ids, want 20 of 20: %v", len(got), len(ids), ids)
	}
}

// FuzzTable: no table, and no list in a line, makes the readers panic or go on for ever.
func FuzzTable(f *testing.F) {
	f.Add([]byte("# x\nevent,distinct_id,timestamp\na,\"b\nc\",2026-01-01\n"), "", "")
	f.Add([]byte("1 2 [x y] \"z\"\n"), " ", "")
	f.Add([]byte(`{"list":[{"event":"a"},{}]}`+"\n"), "", "list")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte, separator, each string) {
		r := fuzzed(t, dir, content)
		r.Fields.Each = each
		if separator != "" {
			r.Format = scenario.FormatCSV
			r.Fields.Table.Separator = separator[0]
		}
		drain(t, r)
	})
}
