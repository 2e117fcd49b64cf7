package format

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// FuzzScanner: the scanner takes exactly the objects that are valid JSON, and
// hands out the members that encoding/json finds.
func FuzzScanner(f *testing.F) {
	for _, text := range []string{`{}`, ` {"a" : [1,{"b":null}], "c":-0.5e+7 } `, `{"a":1,}`, `{,"a":1}`, `{"a"}`,
		`{"a":01}`, `{"a":"\u00e9\\"}`,
		`{"a":"\x"}`, `{"a":1}x`, `{"a":[}`, `{"a":[1}}`, `{"a":tru}`, `{"a":- }`, `{"a":1.}`, `{"":{"":[]}}`,
		`{"a":"abcdefgh` + "\x01" + `ijk"}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := jsonscan.Scanner{Text: []byte(text)}
		members := 0
		for _, more := s.First(); more; _, more = s.Member() {
			s.Value()
			members++
		}
		trimmed := strings.TrimLeft(text, " \t\r\n")
		valid := serdejson.Check([]byte(text)) == nil && strings.HasPrefix(trimmed, "{")
		if valid && !json.Valid([]byte(text)) {
			t.Fatalf("%q is no JSON", text)
		}
		if strings.Count(text, "{")+strings.Count(text, "[") > jsonscan.MaxDepth {
			return
		}
		if got := strings.HasPrefix(trimmed, "{") && s.Sound(); got != valid {
			t.Fatalf("%q: sound is %v, valid is %v", text, got, valid)
		}
		if !valid {
			return
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.Token()
		want := 0
		for decoder.More() {
			decoder.Token()
			var value json.RawMessage
			decoder.Decode(&value)
			want++
		}
		if members != want {
			t.Errorf("%q: %d members, want %d", text, members, want)
		}
	})
}

// TestUnreadable: JSON that the service cannot read is told from what is none.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]event.Reason{
		`{"a":"great \ud83d"}`: event.Unreadable, `{"a":"\ude00"}`: event.Unreadable,
		`{"a":[{"b":1e999}]}`: event.Unreadable, `{"\ud83d":1}`: event.Unreadable,
		`{"a":` + strings.Repeat("[", 130) + strings.Repeat("]", 130) + `}`: event.Unreadable,
		`{"a":"\ud83d\ude00","b":1e308}`:                                    "",
		`{"a":01}`:                                                          event.NotJSON,
		`{"a":"\x41"}`:                                                      event.NotJSON,
		`[1e999]`:                                                           event.NotJSON,
	} {
		s := jsonscan.Scanner{Text: []byte(text)}
		for _, more := s.First(); more; _, more = s.Member() {
			s.Value()
		}
		got := event.Reason("")
		if !s.Sound() {
			got = unsound(&s)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestDepth: a text that nests deeper than the endpoint takes is not valid.
func TestDepth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		levels int
		sound  bool
	}{{jsonscan.MaxDepth, true}, {jsonscan.MaxDepth + 1, false}, {100_000, false}} {
		text := `{"a":` + strings.Repeat("[", c.levels) + strings.Repeat("]", c.levels) + "}"
		s := jsonscan.Scanner{Text: []byte(text)}
		for _, more := s.First(); more; _, more = s.Member() {
			s.Value()
		}
		if s.Sound() != c.sound {
			t.Errorf("%d levels: sound is %v", c.levels, s.Sound())
		}
	}
}

// TestParseTime: against time.Parse, in the layouts that exports use.
func TestParseTime(t *testing.T) {
	t.Parallel()
	layouts := []string{
		time.RFC3339Nano, time.RFC3339, "2006-01-02 15:04:05.999999", "2006-01-02T15:04:05.999999-0700",
		"2006-01-02 15:04:05-07",
		"2006-01-02 15:04:05 UTC", time.DateOnly,
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1e9, 4e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).
			In(time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "h")*3600))
		layout := rapid.SampledFrom(layouts).Draw(t, "layout")
		if strings.Contains(layout, "UTC") {
			at = at.UTC()
		}
		text := at.Format(layout)
		want, err := time.Parse(layout, text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := event.ParseTime([]byte(`"` + text + `"`))
		if !ok || !got.Equal(want) {
			t.Fatalf("%s: %v %v, want %v", text, got, ok, want)
		}
	})
	for _, bad := range []string{`""`, `null`, `"yesterday"`, `"2026-13-01"`, `"2026-02-29"`, `"2026-01-01T24:00:00Z"`,
		`"2026-01-01T00:00:00+1"`, `"2026-01-01 10:00:00 PST"`, `"2026-01-01T10:00:00+25:00"`,
		`"2026-01-01T10:00:00+01:75"`, `-5`, `0`, `true`, `1e300`} {
		if got, ok := event.ParseTime([]byte(bad)); ok || !got.IsZero() {
			t.Errorf("%s was read as %v", bad, got)
		}
	}
	for text, want := range map[string]int64{`1767225600`: 1767225600_000_000, `1767225600.25`: 1767225600_250_000,
		`1767225600123`: 1767225600_123_000, `1767225600123456`: 1767225600_123_456,
		`"1767225600"`: 1767225600_000_000} {
		if got, ok := event.ParseTime([]byte(text)); !ok || got.UnixMicro() != want {
			t.Errorf("%s is %v, want %d µs", text, got, want)
		}
	}
}

// sampleLines are lines of a few formats of about the size of real events.
func sampleLines() map[string][]byte {
	more := strings.Repeat(`"$browser":"Firefox","$current_url":"https://example.com/a/b?c=d","$screen_height":1080,`+
		`"list":[1,2,{"a":null}],`, 8)
	return map[string][]byte{
		"posthog": fmt.Appendf(nil, `{"uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","event":"$pageview",`+
			`"distinct_id":"user-1234","timestamp":"2026-01-01T00:00:00.123Z","properties":{%s"z":1}}`, more),
		"mixpanel": fmt.Appendf(nil, `{"event":"view","properties":{%s"time":1767225600,"distinct_id":"user-1234",`+
			`"$insert_id":"abc"}}`, more),
		"amplitude": fmt.Appendf(nil,
			`{"event_type":"view","user_id":"user-1234","event_time":"2026-01-01 00:00:00.123",`+
				`"uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","event_properties":{%s"z":1},`+
				`"user_properties":{"plan":"x"}}`, more),
		"segment": fmt.Appendf(nil, `{"type":"track","event":"view","userId":"user-1234","messageId":"abc",`+
			`"timestamp":"2026-01-01T00:00:00.123Z","properties":{%s"z":1}}`, more),
		"access-log": []byte(`203.0.113.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /images/logo.GIF?v=2 HTTP/1.0" ` +
			`200 2326 "https://example.com/\"a\"" "Mozilla/5.0 (X11; Linux x86_64)"`),
		"snowplow": []byte(snowplowLine(nil)),
		"jsonl": fmt.Appendf(nil,
			`{"event":"view","distinct_id":"user-1234","timestamp":"2026-01-01T00:00:00.123Z",%s"z":1}`, more),
	}
}

// snowplowLine is an enriched event whose cells are those of a page view and what
// is given.
func snowplowLine(given map[int]string) string {
	cells := make([]string, len(snowplowColumns))
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

// TestDecodingAllocatesNothing: a warm decoder reads a line without allocating.
func TestDecodingAllocatesNothing(t *testing.T) {
	fields := scenario.DefaultFields()
	for format, line := range sampleLines() {
		d, e := NewDecoder(Shape{Format: scenario.Format(format)}, &fields, &event.Clock{}), &event.Event{}
		if reason := Decode(d, asLine(line), 1, e); reason != "" {
			t.Fatalf("%s: %s", format, reason)
		}
		if n := testing.AllocsPerRun(100, func() { Decode(d, asLine(line), 1, e) }); n != 0 {
			t.Errorf("%s: %v allocations a line", format, n)
		}
	}
}

// FuzzDecode: no line makes a decoder panic, and an event that comes out has
// properties that are a valid object.
func FuzzDecode(f *testing.F) {
	for _, line := range []string{ // small ones: most of a run would go into making large ones smaller
		`{"event":"a","distinct_id":"u","timestamp":"2026-01-01","properties":{"b":1}}`,
		`{"event":"a","properties":{"time":1767225600,"distinct_id":"u"}}`,
		`{"event_type":"a","user_id":"u","event_time":"2026-01-01"}`, `{"type":"track","event":"a","userId":"u"}`,
		"a\tb\tc",
		`a - - [10/Jan/2026:10:00:07 +0000] "GET / HTTP/1.1" 200 5`,
	} {
		f.Add([]byte(line))
	}
	fields := scenario.DefaultFields()
	f.Fuzz(func(t *testing.T, line []byte) {
		for format := range sampleLines() {
			for _, wrapped := range []bool{false, true} {
				e := &event.Event{}
				shape := Shape{Format: scenario.Format(format), wrapped: wrapped}
				if Decode(NewDecoder(shape, &fields, &event.Clock{}), asLine(line), 1, e) != "" {
					continue
				}
				if !json.Valid(e.Properties) || !jsonscan.IsObject(e.Properties) || !utf8.Valid(e.Properties) {
					t.Errorf("%s: the properties of %q are %q", format, line, e.Properties)
				}
			}
		}
		for _, comma := range []byte(", ") {
			m, rows, e := newMapped(&fields, &event.Clock{}), table{comma: comma}, &event.Event{}
			rows.name("event")
			rows.name("distinct_id")
			rows.lead(m)
			if e.Reset(); rows.row(line) && utf8.Valid(line) && m.decodeRow(&rows, line, 1, e) == "" &&
				!json.Valid(e.Properties) {
				t.Errorf("the row %q became %q", line, e.Properties)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	fields := scenario.DefaultFields()
	for format, line := range sampleLines() {
		b.Run(format, func(b *testing.B) {
			d, e := NewDecoder(Shape{Format: scenario.Format(format)}, &fields, &event.Clock{}), &event.Event{}
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if reason := Decode(d, asLine(line), 1, e); reason != "" {
					b.Fatal(reason)
				}
			}
		})
	}
}

// TestMappedPaths: a path descends, and the name of a member may hold dots itself.
func TestMappedPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, line, id, properties string }{
		{"u", `{"u":"x","n":1}`, "x", `{"n":1}`},
		{"u.id", `{"u":{"id":"x"},"n":1}`, "x", `{"u":{"id":"x"},"n":1}`},
		{"u.id", `{"u.id":"x","n":1}`, "x", `{"n":1}`},
		{"u.id.v", `{"u.id":{"v":"x"}}`, "x", `{"u.id":{"v":"x"}}`},
		{"u.id.v", `{"u":{"id.v":"x"}}`, "x", `{"u":{"id.v":"x"}}`},
		{"u.id.v", `{"u":{"id":{"v":"x"}},"u.i":2}`, "x", `{"u":{"id":{"v":"x"}},"u.i":2}`},
		{"u.id", `{"u":{"id":"x"},"u.id":"y"}`, "y", `{"u":{"id":"x"}}`},
		{"u", `{"n":1,"":3,"uu":4}`, "", `{"n":1,"":3,"uu":4}`},
	} {
		e := &event.Event{}
		e.Reset()
		m := newMapped(&scenario.Fields{DistinctID: scenario.From(c.path)}, &event.Clock{})
		reason := m.decode(asLine([]byte(c.line)), 1, e)
		if string(e.DistinctID) != c.id || string(e.Properties) != c.properties || reason != "" {
			t.Errorf("%s in %s: %q with %s, %q", c.path, c.line, e.DistinctID, e.Properties, reason)
		}
	}
}

// TestDaysIn: against the calendar of package time.
func TestDaysIn(t *testing.T) {
	t.Parallel()
	for _, year := range []int{1900, 1970, 2000, 2023, 2024, 2100} {
		for month := 1; month <= 12; month++ {
			want := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
			if got := event.DaysIn(year, month); got != want {
				t.Errorf("%d-%02d has %d days, want %d", year, month, got, want)
			}
		}
	}
}

// asLine is a line that was read as a text.
func asLine(text []byte) Line { return Line{Text: text} }
