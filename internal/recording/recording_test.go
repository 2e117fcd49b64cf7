package recording

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// written puts files into a directory of the test and returns a replay of them.
func written(t testing.TB, contents ...string) *scenario.Replay {
	t.Helper()
	r := scenario.DefaultReplay()
	dir := t.TempDir()
	for i, content := range contents {
		path := filepath.Join(dir, fmt.Sprintf("%03d", i))
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		r.Paths = append(r.Paths, path)
	}
	return r
}

// show is an event in one line.
func show(e *event.Event) string {
	return fmt.Sprintf("%s %s %s %s", e.Name, e.DistinctID, e.Time.UTC().Format(time.RFC3339Nano), e.Properties)
}

// readAll reads r to its end and returns its events, a line each.
func readAll(t testing.TB, r *scenario.Replay) (events []string, counts Counts) {
	t.Helper()
	reader, err := spooled(t, r)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for {
		e, err := reader.Next()
		if err == io.EOF {
			return events, *reader.Counts()
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, show(e))
	}
}

// TestFormats: each format is told from its first line, and mapped as PostHog's
// own imports map it. The lines are in the shapes that the products document.
func TestFormats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, content, want string }{
		{"posthog batch export", `{"uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","event":"e","properties":{"a":1},` +
			`"distinct_id":"u","timestamp":"2026-01-01 00:00:00.5","person_id":"p"}`,
			`e u 2026-01-01T00:00:00.5Z {"a":1}`},
		{"posthog export with text properties and elements",
			`{"event":"$autocapture","properties":"{\"a\":1}","distinct_id":"u",` +
				`"timestamp":"2026-01-01T00:00:00+01:00","elements_chain":"a:b"}`,
			`$autocapture u 2025-12-31T23:00:00Z {"a":1,"$elements_chain":"a:b"}`},
		{"posthog events api through airbyte",
			`{"stream":"events","data":{"id":"017da3dc-c86e-0000-614c-c46e52bd55a4","event":"e","distinct_id":"u",` +
				`"timestamp":"2026-01-01T00:00:00Z","properties":{}},"emitted_at":1}`,
			`e u 2026-01-01T00:00:00Z {}`},
		{"mixpanel", `{"event":"$mp_web_page_view","properties":{"time":1767225600,"distinct_id":"u",` +
			`"$insert_id":"i","$city":"Ulm","mp_processing_time_ms":5,"x":2}}`,
			`$pageview u 2026-01-01T00:00:00Z {"$geoip_city_name":"Ulm","x":2}`},
		{"mixpanel before identity", `{"event":"e","properties":{"time":1767225600000,"distinct_id":"$device:1",` +
			`"$distinct_id_before_identity":"anna"}}`,
			`e anna 2026-01-01T00:00:00Z {}`},
		{"amplitude", `{"event_type":"[Amplitude] Page Viewed","user_id":null,"device_id":"d",` +
			`"event_time":"2026-01-01 00:00:00.749000","event_properties":{"p":1},"user_properties":{"plan":"x",` +
			`"initial_ref":"r","initial_no":"EMPTY"},"os_name":"Firefox",` +
			`"uuid":"e6fe6a70-8a06-11ed-9ac0-ab8bd3fc3d15"}`,
			`$pageview d 2026-01-01T00:00:00.749Z {"$device_id":"d","$browser":"Firefox","p":1,"$set":{"plan":"x"},` +
				`"$set_once":{"initial_ref":"r"}}`},
		{"segment track", `{"type":"track","event":"e","userId":"u","anonymousId":"a","messageId":"m",` +
			`"timestamp":"2026-01-01T00:00:00.000Z","properties":{"p":1},"context":{"ip":"203.0.113.1"}}`,
			`e u 2026-01-01T00:00:00Z {"p":1,"$ip":"203.0.113.1"}`},
		{"segment identify", `{"type":"identify","userId":"u","anonymousId":"a","messageId":"m",` +
			`"timestamp":"2026-01-01T00:00:00.000Z","traits":{"plan":"x"}}`,
			`$identify u 2026-01-01T00:00:00Z {"$set":{"plan":"x"},"$anon_distinct_id":"a"}`},
		{"amplitude user on a device", `{"event_type":"e","user_id":"u","device_id":"d",` +
			`"event_time":"2026-01-01 00:00:00"}` + "\n" +
			`{"event_type":"session_start","user_id":"u","device_id":"d2","event_time":"2026-01-01 00:00:01"}` + "\n" +
			`{"event_type":"f","user_id":"u","device_id":"d","event_time":"2026-01-01 00:00:02"}`,
			`$identify u 2026-01-01T00:00:00Z {"$anon_distinct_id":"d"}` + "\n" +
				`e u 2026-01-01T00:00:00Z {"$device_id":"d"}` + "\n" + `f u 2026-01-01T00:00:02Z {"$device_id":"d"}`},
		{"mixpanel without an id", `{"event":"e","properties":{"time":1767225600,"$insert_id":"i"}}`,
			`e OWNID 2026-01-01T00:00:00Z {}`},
		{"common log", `198.51.100.4 - - [31/Dec/2025:16:00:00 -0800] "POST /users/anna HTTP/1.1" 204 -`,
			`POST page 198.51.100.4 2026-01-01T00:00:00Z {"$current_url":"/users/anna","status":204,` +
				`"$ip":"198.51.100.4"}`},
		{"combined log of a user",
			`host.example.com - frank [01/Jan/2026:00:00:00 +0000] "GET /a/b.JPG?c=d.js HTTP/1.0" ` +
				`200 2326 "https://example.com/\"q\"" "Agent (X; Y)" extra` + "\r",
			`GET image frank 2026-01-01T00:00:00Z {"$current_url":"/a/b.JPG?c=d.js","status":200,"bytes":2326,` +
				`"$referrer":"https://example.com/\"q\"","$raw_user_agent":"Agent (X; Y)"}`},
		{"log with the virtual host",
			`www.example.com:443 2001:db8::1 - anonymous [01/Jan/2026:00:00:00 +0000] "-" 408 0 "-" "-"`,
			`malformed request 2001:db8::1 2026-01-01T00:00:00Z {"status":408,"bytes":0,"$ip":"2001:db8::1"}`},
		{"snowplow page view", snowplowRow(nil),
			`$pageview anna 2026-01-01T00:00:00.25Z {"app_id":"shop","platform":"web","$user_id":"anna",` +
				`"$ip":"203.0.113.7","$device_id":"4b35","network_userid":"n-1","$geoip_latitude":48.4,` +
				`"$current_url":"https://example.com/a","title":"a \"title\"",` +
				`"contexts":{"schema":"iglu:a","data":[{"id":1}]}}`},
		{"snowplow structured event of an older version",
			strings.TrimRight(snowplowRow(map[int]string{0: "", 1: "", 5: "struct", 12: "", 13: "", 15: "", 22: "",
				29: "", 30: "", 52: "", 54: "add-to-cart", 107: "900", 124: "", 126: ""}), "\t"),
			`add-to-cart n-1 2026-01-01T00:00:01.5Z {"network_userid":"n-1","se_action":"add-to-cart",` +
				`"doc_height":900}`},
		{"csv", "event,distinct_id,timestamp,n,note\na,\"x,\"\"1\"\"\",2026-01-01,007,\"two\nlines\"\n",
			`a x,"1" 2026-01-01T00:00:00Z {"n":"007","note":"two\nlines"}`},
		{"csv with a blank line in a value", "event,distinct_id,timestamp,n,note\n" +
			"a,\"x,\"\"1\"\"\",2026-01-01,007,\"two\n\nlines\"\n",
			`a x,"1" 2026-01-01T00:00:00Z {"n":"007","note":"two\n\nlines"}`},
		{"tsv", "event\tdistinct_id\ttimestamp\tn\tnone\na\tx\t1767225600\t7\t\n",
			`a x 2026-01-01T00:00:00Z {"n":7}`},
		{"jsonl of one's own", `{"event":"a","distinct_id":5,"time":1,"timestamp":1767225600.25}`,
			`a 5 2026-01-01T00:00:00.25Z {}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, counts := readAll(t, written(t, c.content))
			whole := ownID.ReplaceAllString(strings.Join(got, "\n"), "OWNID")
			if whole != c.want {
				t.Errorf("events are\n%s\nwant\n%s\n%+v", strings.Join(got, "\n"), c.want, counts)
			}
		})
	}
}

// ownID is an id that stands for an event itself.
var ownID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f-]{17}`)

// TestFormatOverrides: what the scenario says goes before what a line looks like.
func TestFormatOverrides(t *testing.T) {
	t.Parallel()
	r := written(t, `{"event":"e","distinct_id":"u","timestamp":"2026-01-01T00:00:00Z","type":"click","properties":{}}`)
	r.Format, r.Fields.Event = scenario.FormatJSONL, scenario.From("type")
	if got, _ := readAll(t, r); len(got) != 1 || !strings.HasPrefix(got[0], "click u ") {
		t.Errorf("events are %q", got)
	}
}

// TestReasons: every kind of line that cannot be sent has its reason, is told to
// Bad with its text, and does not keep the others from being read.
func TestReasons(t *testing.T) {
	t.Parallel()
	line := func(event, id, at, more string) string {
		return fmt.Sprintf(`{"event":%q,"distinct_id":%q,"timestamp":%q,"properties":{%s}}`, event, id, at, more)
	}
	const at = "2026-01-01T00:00:00Z"
	cases := []struct {
		line string
		want event.Reason
	}{
		{line("a", "u", at, ""), ""},
		{`[1]`, event.NotJSON}, {`{"event":"a"`, event.NotJSON}, {line("a", "u", at, "")[:40] + `}}`, event.NotJSON},
		{`{"event":"a",}`, event.NotJSON},
		{line("a", "u", at, `"a":01`), event.NotJSON}, {line("a", "u", at, `"a":"`+"\t"+`"`), event.NotJSON},
		{line("a", "u", at, `"a":tru`), event.NotJSON},
		{"{\"event\":\"\xff\"}", event.NotUTF8},
		{line("", "u", at, ""), event.NoName}, {line("a", "", at, ""), event.NoID},
		{line("a", "  ", at, ""), event.NoID},
		{line("a", "Anonymous", at, ""), event.IllegalID}, {line("a", "[object Object]", at, ""), event.IllegalID},
		{line("a", "'null'", at, ""), event.IllegalID}, {line("a", "0", at, ""), event.IllegalID},
		{line("a", "[Object object]", at, ""), ""}, // only as it is, not in any case
		{line("a", "u", "yesterday", ""), event.NoTime}, {line("a", "u", "2026-02-30T00:00:00Z", ""), event.NoTime},
		{line("a", "u", at, `"a":"`+strings.Repeat("x", 1_000_000)+`"`), event.TooLarge},
		// 600 kB, and as much again for quotes and backslashes
		{line("a", "u", at, `"a":"`+strings.Repeat(`\"`, 300_000)+`"`), event.TooLarge},
		{line("a", "u", at, `"a":"`+strings.Repeat("x", 900_000)+`"`), ""},
	}
	for i, c := range cases {
		r := written(t, line("z", "u", at, "")+"\n"+c.line+"\n"+line("z", "u", at, "")+"\n")
		reader, err := Open(r)
		if err != nil {
			t.Fatal(err)
		}
		var bad []Bad
		reader.Bad = func(b Bad) error {
			b.Text = bytes.Clone(b.Text)
			bad = append(bad, b)
			return nil
		}
		events := 0
		for _, err = reader.Next(); err == nil; _, err = reader.Next() {
			events++
		}
		got := event.Reason("")
		if len(bad) > 0 {
			got = bad[0].Reason
			if string(bad[0].Text) != c.line || bad[0].Line != 2 {
				t.Errorf("case %d: told of line %d, %.60q", i, bad[0].Line, bad[0].Text)
			}
		}
		if got != c.want || err != io.EOF || events+len(bad) != 3 {
			t.Errorf("case %d %.60s: left out because %q, want %q; %d events, %v", i, c.line, got, c.want, events, err)
		}
	}
}

// TestMerge: files are merged by time, each in its own order, and those of one
// time in the order of the files.
func TestMerge(t *testing.T) {
	t.Parallel()
	line := func(name string, second int) string {
		return fmt.Sprintf(`{"event":%q,"distinct_id":"u","timestamp":%d,"properties":{}}`+"\n",
			name, 1767225600+second)
	}
	r := written(t,
		line("a0", 0)+line("a5", 5)+line("a5'", 5)+line("a9", 9),
		"# nothing but a comment and rubbish\nrubbish\n",
		line("c8", 8),
		line("d1", 1)+line("d5", 5)+line("d3", 3)+line("d6", 6))
	got, counts := readAll(t, r)
	var names []string
	for _, e := range got {
		names = append(names, strings.Fields(e)[0])
	}
	if want := "a0 d1 a5 a5' d5 d3 d6 c8 a9"; strings.Join(names, " ") != want {
		t.Errorf("order is %v, want %s", names, want)
	}
	if counts.Events != 9 || counts.Bad != 1 || counts.Backward != 1 || counts.Worst != 2*time.Second {
		t.Errorf("%+v; want 9 events, 1 bad line, 1 older than the one before it by 2 s", counts)
	}
}

// TestReorder: what comes late within the bound is put back, what comes later is
// counted and sent when it comes.
func TestReorder(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, second := range []int{0, 3, 1, 2, 9, 10, 4, 20, 30, 16} {
		fmt.Fprintf(&text, `{"event":"e%d","distinct_id":"u","timestamp":%d,"properties":{}}`+"\n",
			second, 1767225600+second)
	}
	r := written(t, text.String())
	r.Reorder = 5 * time.Second
	got, counts := readAll(t, r)
	var names []string
	for _, e := range got {
		names = append(names, strings.Fields(e)[0])
	}
	// 1 and 2 come within 5 s of 3; 4 comes after 10 but 9 waits until an event
	// later than 14 was read; 16 comes after 30, when 20 has gone.
	if want := "e0 e1 e2 e3 e4 e9 e10 e20 e16 e30"; strings.Join(names, " ") != want {
		t.Errorf("order is %v, want %s", names, want)
	}
	if counts.Restored != 3 || counts.Late != 1 {
		t.Errorf("%d restored, %d late; want 3 and 1", counts.Restored, counts.Late)
	}
}

// TestWindowAndSample: windows are half open; whole persons are kept or left out.
func TestWindowAndSample(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&text, `{"event":"e%d","distinct_id":"user-%d","timestamp":%d,"properties":{}}`+"\n",
			i%2, i%1000, 1767225600+i)
	}
	r := written(t, text.String())
	r.From, r.To = time.Unix(1767225700, 0), time.Unix(1767225800, 0)
	if got, counts := readAll(t, r); len(got) != 100 || counts.Left[0].Lines != 3900 ||
		counts.Left[0].Reason != event.OutOfTime || counts.Bad != 0 {
		t.Errorf("%d events in a window of 100 s, %+v", len(got), counts)
	}
	r.From, r.To, r.Sample.Persons = time.Time{}, time.Time{}, 0.2
	got, _ := readAll(t, r)
	perUser := map[string]int{}
	for _, e := range got {
		perUser[strings.Fields(e)[1]]++
	}
	for id, n := range perUser {
		if n != 4 {
			t.Errorf("%s is in the sample with %d of 4 events", id, n)
		}
	}
	if len(perUser) < 150 || len(perUser) > 250 {
		t.Errorf("%d persons of 1000 in a sample of 20 %%", len(perUser))
	}
	r.Sample = scenario.Sample{Events: []string{"e1"}}
	if got, _ := readAll(t, r); len(got) != 2000 {
		t.Errorf("%d events named e1, want 2000", len(got))
	}
	r.Sample = scenario.Sample{Share: 0.5}
	if got, _ := readAll(t, r); len(got) < 1850 || len(got) > 2150 {
		t.Errorf("%d events in a sample of half of 4000", len(got))
	}
}

// snowplowRow is an enriched event whose cells are those of a page view and what
// is given.
func snowplowRow(given map[int]string) string {
	cells := make([]string, 131)
	for i, cell := range map[int]string{
		0: "shop", 1: "web", 2: "2026-01-01 00:00:03.000", 3: "2026-01-01 00:00:01.500", 4: "2025-12-31 23:59:59.000",
		5: "page_view", 6: "018a981f-4b35-7c66-825e-8b0eeae65714",
		12: "anna", 13: "203.0.113.7", 15: "4b35", 17: "n-1", 22: "48.4", 29: "https://example.com/a", 30: `a "title"`,
		52:  `{"schema":"iglu:a","data":[{"id":1}]}`,
		124: "2026-01-01 00:00:00.250", 126: "page_view",
	} {
		cells[i] = cell
	}
	for i, cell := range given {
		cells[i] = cell
	}
	return strings.Join(cells, "\t")
}
