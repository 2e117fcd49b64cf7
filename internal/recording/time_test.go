package recording

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/recording/event"
	"rehearse/internal/strptime"
	"rehearse/scenario"
)

// TestCompactTimes: digits that are a date are that date, whatever number they make.
func TestCompactTimes(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"date8.csv":    "viewed u1 2026-01-01T00:00:00Z {}",
		"second14.csv": "viewed u1 2017-12-22T16:00:01Z {}",
		"hour.csv":     "edit u0 2017-12-22T16:00:00Z {}",
	} {
		r := scenario.DefaultReplay()
		r.Paths = []string{"testdata/compact-times/" + file}
		got, counts := readAll(t, r)
		if len(got) == 0 || got[0] != want || counts.Bad != 0 {
			t.Errorf("%s: %+v, first %q, want %q", file, counts, got[0], want)
		}
		if last := got[len(got)-1]; file == "hour.csv" && (len(got) != 3600 || !strings.Contains(last, "T16:59:59Z")) {
			t.Errorf("%s: %d events, the last is %q", file, len(got), last)
		}
	}
}

// TestTimesAsWritten: the ways in which people and products write times.
func TestTimesAsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-01-02T03:04":                "2026-01-02T03:04:00Z",
		"2026-01-02 03:04Z":               "2026-01-02T03:04:00Z",
		"22/05/2023":                      "2023-05-22T00:00:00Z",
		"05/22/2023 3:04 PM":              "2023-05-22T15:04:00Z",
		"05/22/2023, 12:04:05 AM":         "2023-05-22T00:04:05Z",
		"22.05.2023 23:04:05":             "2023-05-22T23:04:05Z",
		"22-05-2023T23:04:05.25+02:00":    "2023-05-22T21:04:05.25Z",
		"2023/05/06 07:08:09":             "2023-05-06T07:08:09Z",
		"2023-5-6 07:08":                  "2023-05-06T07:08:00Z",
		"5/5/2023":                        "2023-05-05T00:00:00Z",
		"6 May 2023":                      "2023-05-06T00:00:00Z",
		"6 Sept 2023 10:00":               "2023-09-06T10:00:00Z",
		"May 6, 2023, 10:00:00 p.m.":      "",
		"May 6, 2023, 10:00:00 PM":        "2023-05-06T22:00:00Z",
		"Mon, 22 May 2023 10:00:00 GMT":   "2023-05-22T10:00:00Z",
		"22/May/2023:10:00:00 -0700":      "2023-05-22T17:00:00Z",
		"1767225600":                      "2026-01-01T00:00:00Z",
		"1767225600.25":                   "2026-01-01T00:00:00.25Z",
		"1767225600123456789":             "2026-01-01T00:00:00.123456789Z",
		"1.7672256e9":                     "2026-01-01T00:00:00Z",
		"20260102":                        "2026-01-02T00:00:00Z",
		"202601020304":                    "2026-01-02T03:04:00Z",
		"20260102030405":                  "2026-01-02T03:04:05Z",
		"20260102030405123":               "2026-01-02T03:04:05.123Z",
		"20260102030405123456":            "2026-01-02T03:04:05.123456Z",
		"05/06/2023":                      "", // asked about
		"2033050607":                      "", // so is this
		"5":                               "",
		"999999999999999999999":           "",
		"20261302":                        "",
		"22/13/2023":                      "",
		"31/04/2023":                      "",
		"22/05/23":                        "",
		"1.2.3":                           "",
		"192.168.1.10":                    "",
		"2026-01-02 03:04:05 PST":         "",
		"Blursday, 22 May 2023 25:00:00":  "",
		"22/05/2023 13:00 PM":             "",
		strings.Repeat("1/", 60) + "2023": "",
		"06/27/0027":                      "",
	} {
		got, ok := event.ParseText([]byte(text))
		if shown := got.UTC().Format(time.RFC3339Nano); ok != (want != "") || ok && shown != want {
			t.Errorf("%q is %s, %v, want %q", text, shown, ok, want)
		}
	}
	if got, ok := event.ParseTime([]byte(`"22\/05\/2023"`)); !ok || got.Day() != 22 {
		t.Errorf("escaped slashes: %v", got)
	}
}

// days are lines with these times.
func timesAs(times ...string) string {
	var b strings.Builder
	for i, at := range times {
		fmt.Fprintf(&b, `{"event":"e","distinct_id":"u%d","timestamp":%s}`+"\n", i, at)
	}
	return b.String()
}

// TestDoubtfulTimes: what a time means that may mean several things is told by the
// others of the recording, in whatever file; if none does, it is asked about with what
// it may be, and the scenario's word goes before all.
func TestDoubtfulTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files []string
		first string // time of the first event
		bad   int64
		ask   []string
	}{
		{"the day first", []string{timesAs(`"05/06/2023"`, `"22/06/2023"`)}, "2023-06-05", 0, nil},
		{"the month first", []string{timesAs(`"05/06/2023"`, `"06/22/2023"`)}, "2023-05-06", 0, nil},
		{"told by another file", []string{timesAs(`"05/06/2023 10:00"`), timesAs(`"22/06/2023 09:00"`)},
			"2023-06-05", 0, nil},
		{"the same either way, then told", []string{timesAs(`"05/05/2023"`, `"06/05/2023"`, `"13/05/2023"`)},
			"2023-05-05", 0, nil},
		{"the same either way", []string{timesAs(`"05/05/2023"`, `"06/06/2023"`)}, "2023-05-05", 0, nil},
		{"nothing tells", []string{timesAs(`"05/06/2023 10:00 PM"`)}, "", 0, []string{
			"000:1", "nothing in the recording tells",
			`2023-06-05 22:00:00 with replay.fields.time_format: "%d/%m/%Y %I:%M %p"`,
			`2023-05-06 22:00:00 with replay.fields.time_format: "%m/%d/%Y %I:%M %p"`}},
		{"both kinds", []string{timesAs(`"05/06/2023"`, `"22/06/2023"`, `"06/22/2023"`)}, "2023-06-05", 1, nil},
		{"ten digits of seconds", []string{timesAs(`2033050607`, `2033050699`)}, "2034-06-04", 0, nil},
		{"ten digits", []string{timesAs(`2033050607`)}, "", 0, []string{
			`2033-05-06 07:00:00 with replay.fields.time_format: "%Y%m%d%H"`,
			`2034-06-04 16:16:47 with replay.fields.time_unit: s`}},
	} {
		r := written(t, c.files...)
		reader, err := Open(r)
		if len(c.ask) > 0 {
			for _, want := range c.ask {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v lacks %q", c.name, err, want)
				}
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		e, err := reader.Next()
		if err != nil || e.Time.UTC().Format(time.DateOnly) != c.first {
			t.Errorf("%s: the first is at %v (%v), want %s", c.name, e, err, c.first)
		}
		for err == nil {
			_, err = reader.Next()
		}
		if bad := reader.Counts().Bad; bad != c.bad {
			t.Errorf("%s: %d bad lines, want %d", c.name, bad, c.bad)
		}
		reader.Close()
	}
}

// TestTimesAsTold: a format, a unit and a zone of the scenario.
func TestTimesAsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fields, time, want string }{
		{`time_format: "%m/%d/%Y"`, `"05/06/2023"`, "2023-05-06T00:00:00Z"},
		{`time_format: "%d.%m.%y %H.%M"`, `"5.6.23 7.08"`, "2023-06-05T07:08:00Z"},
		{`time_format: "%Y%m%d%H"`, `2033050607`, "2033-05-06T07:00:00Z"},
		{`time_format: "%s"`, `5`, "1970-01-01T00:00:05Z"},
		{`time_format: "%Y-%j"`, `"2024-366"`, "2024-12-31T00:00:00Z"},
		{`time_unit: s`, `5`, "1970-01-01T00:00:05Z"},
		{`time_unit: ns`, `5`, "1970-01-01T00:00:00.000000005Z"},
		{`time_unit: ms`, `1.5`, "1970-01-01T00:00:00.0015Z"},
		{`time_unit: ms`, `-1000`, "1969-12-31T23:59:59Z"},
		{`time_zone: Europe/Berlin`, `"2026-07-01 12:00:00"`, "2026-07-01T10:00:00Z"},
		{`time_zone: Europe/Berlin`, `"2026-01-01T12:00:00Z"`, "2026-01-01T12:00:00Z"},
		{`time_zone: "-05:30"`, `"22 May 2023 10:00"`, "2023-05-22T15:30:00Z"},
		{`time_zone: Europe/Berlin, time_format: "%d/%m/%Y %H:%M:%S,%f"`, `"22/05/2023 10:00:00,5"`,
			"2023-05-22T08:00:00.5Z"},
		{`time_zone: Europe/Berlin`, `1767225600`, "2026-01-01T00:00:00Z"},
		{`time_format: "%d/%m/%Y"`, `"31/02/2023"`, ""},
		{`time_format: "%d/%m/%Y"`, `"2023-02-01"`, ""},
	} {
		r := written(t, timesAs(c.time))
		s, err := scenario.Parse("a.yaml", fmt.Appendf(nil, "name: a\nreplay: {files: [%q], fields: {%s}}\n",
			r.Paths[0], c.fields), scenario.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.fields, err)
			continue
		}
		got, _ := readAll(t, s.Replay)
		all := strings.Join(got, "")
		if all != strings.Trim("e u0 "+c.want+" {}", " ") && c.want != "" || c.want == "" && all != "" {
			t.Errorf("%s with %s: %q, want %q", c.time, c.fields, all, c.want)
		}
	}
}

// TestZonesAreTold: that times are taken for UTC is said, where they do not say it.
func TestZonesAreTold(t *testing.T) {
	t.Parallel()
	for line, told := range map[string]bool{
		timesAs(`"2026-01-01 10:00:00"`):  true,
		timesAs(`"2026-01-01 10:00:00Z"`): false,
		timesAs(`1767225600`):             false,
		`{"event_type":"e","device_id":"d","event_time":"2026-01-01 00:00:00"}`: false, // always UTC
	} {
		r := written(t, line)
		if !strings.Contains(line, "event_type") {
			r.Format = scenario.FormatJSONL // PostHog's own are always UTC
		}
		if _, counts := readAll(t, r); strings.Contains(strings.Join(counts.Notes(), ""), "read as UTC") != told {
			t.Errorf("%s: %q", line, counts.Notes())
		}
	}
}

// TestNoTime: what cannot be read as a time is shown, without the words that are none,
// and what to do about it.
func TestNoTime(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`""`:                                 "the time is missing or empty",
		`"yesterday"`:                        `"yesterday" is not written like any time`,
		`"5 May at Anna Müller's"`:           `"5 May at xxxx xxxxxxx's" is not written`,
		`123`:                                "123 makes no year from 1990 to 2100",
		`"` + fmt.Sprintf("%0100d", 1) + `"`: "0000000000… makes no year",
	} {
		_, counts := readAll(t, written(t, timesAs(value)))
		if why := counts.Left[0].Why(); !strings.Contains(why, want) || !strings.Contains(why, "000:1: ") ||
			!strings.Contains(why, "time_format") {
			t.Errorf("%s: %q lacks %q", value, why, want)
		}
	}
}

// TestUnitsNeverOverlap: a number since 1970 is read in the unit in which it was
// written, and a date of digits as the date, for every time of the years that are
// taken for times.
func TestUnitsNeverOverlap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(631152000, 4133980799).Draw(t, "s"),
			rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC()
		for text, want := range map[string]time.Time{
			fmt.Sprint(at.UnixMilli()):                                    at.Truncate(time.Millisecond),
			fmt.Sprint(at.UnixMicro()):                                    at.Truncate(time.Microsecond),
			fmt.Sprint(at.UnixNano()):                                     at,
			at.Format("20060102"):                                         at.Truncate(24 * time.Hour),
			at.Format("20060102T150405Z"):                                 at.Truncate(time.Second),
			at.Format("20060102T150405.000Z"):                             at.Truncate(time.Millisecond),
			at.In(time.FixedZone("", 19800)).Format("20060102T1504-0700"): at.Truncate(time.Minute),
			at.Format("20060102T150405"):                                  at.Truncate(time.Second),
			at.Format("200601021504"):                                     at.Truncate(time.Minute),
			at.Format("20060102150405"):                                   at.Truncate(time.Second),
			strings.Replace(at.Format("20060102150405.000"), ".", "", 1):  at.Truncate(time.Millisecond),
		} {
			if got, ok := event.ParseText([]byte(text)); !ok || !got.Equal(want) {
				t.Fatalf("%s of %v is %v, %v", text, at, got, ok)
			}
		}
	})
}

// FuzzTimes: no text makes the readers of times panic, and a time that is read means
// what it says: written again in its own words it is the same.
func FuzzTimes(f *testing.F) {
	for _, text := range []string{"22/05/2023 10:00", "May 6, 2023", "1767225600", "20260102", "20260102T030405.5+0100", "2026-01-02T03:04:05Z",
		"Mon, 22 May 2023 10:00:00 GMT"} {
		f.Add(text, "%d/%m/%Y %H:%M")
	}
	f.Fuzz(func(t *testing.T, text, format string) {
		at, ok := event.ParseText([]byte(text))
		again, same := event.ParseText([]byte(at.UTC().Format("2006-01-02T15:04:05.999999999Z")))
		if ok && at.Year() < 9999 && at.Year() > 0 && (!same || !again.Equal(at)) {
			t.Errorf("%q is %v, and that is %v", text, at, again)
		}
		if told, err := strptime.Parse(format); err == nil {
			told.Parse([]byte(text), time.UTC)
		}
	})
}
