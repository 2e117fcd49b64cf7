package capture_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rehearse/internal/capture"

	"pgregory.net/rapid"
)

func TestAppendTimeIsTimeFormat(t *testing.T) {
	t.Parallel()
	check := func(moment time.Time) (got, want string) {
		return string(capture.AppendTime(nil, moment)), moment.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	first := time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)
	for day := range 146_097 { // the calendar repeats after so many
		if got, want := check(first.AddDate(0, 0, day)); got != want {
			t.Fatalf("day %d: got %s, want %s", day, got, want)
		}
	}
	for year := range 10_000 {
		for _, day := range []int{0, 1, 59, 60, 61, 365, 366} { // 0 is the last of the year before
			if moment := time.Date(year, 1, day, 23, 59, 59, 999e6, time.UTC); moment.Year() >= 0 && moment.Year() <= 9999 {
				if got, want := check(moment); got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		moment := time.Unix(rapid.Int64Range(-62_167_219_200, 253_402_300_799).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		zone := time.FixedZone("", rapid.IntRange(-50_000, 50_000).Draw(t, "zone"))
		if got, want := check(moment.In(zone)); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestAppendTimeOutOfRange(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		moment time.Time
		want   string
	}{
		{time.Date(-1, 12, 31, 23, 59, 59, 0, time.UTC), "0000-01-01T00:00:00.000Z"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "9999-12-31T23:59:59.999Z"},
	} {
		if got := string(capture.AppendTime(nil, row.moment)); got != row.want {
			t.Errorf("AppendTime(%v) = %s, want %s", row.moment, got, row.want)
		}
	}
}

func TestAppendString(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ in, want string }{
		{"", `""`},
		{"purchase", `"purchase"`},
		{"exactly8", `"exactly8"`},
		{`a"b\c`, `"a\"b\\c"`},
		{"12345678\"", `"12345678\""`},
		{"1234567\x7f89", "\"1234567\x7f89\""},
		{"\n\r\t\x00\x1f", `"\n\r\t\u0000\u001f"`},
		{"é😀\u2028<&>", "\"é😀\u2028<&>\""},
		{"a\xffb", "\"a\uFFFDb\""},
		{"cut \xe2\x82", "\"cut \uFFFD\uFFFD\""},
	} {
		if got := string(capture.AppendString(nil, row.in)); got != row.want {
			t.Errorf("AppendString(%q) = %s, want %s", row.in, got, row.want)
		}
		if got := string(capture.AppendString([]byte("x"), []byte(row.in))); got != "x"+row.want {
			t.Errorf("AppendString(%q) = %s, want x%s", row.in, got, row.want)
		}
	}
}

// TestAppendStringReadsBack: encoding/json reads back what was written, with
// U+FFFD for each byte that is not UTF-8.
func TestAppendStringReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.StringOf(rapid.RuneFrom([]rune("abcdefgh\"\\\n\x00\x7f\u0080\uFFFF😀"))),
		).Draw(t, "in")
		written := capture.AppendString(nil, in)
		var got string
		if err := json.Unmarshal(written, &got); err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if want := strings.Map(func(r rune) rune { return r }, in); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		if !utf8.Valid(written) {
			t.Fatalf("%q is not UTF-8", written)
		}
	})
}

func TestUUID(t *testing.T) {
	t.Parallel()
	const text = "018a981f-4b35-7c66-825e-8b0eeae65714"
	for _, in := range []string{text, strings.ToUpper(text), strings.ReplaceAll(text, "-", ""), "{" + text + "}", "urn:uuid:" + text} {
		u, err := capture.ParseUUID(in)
		if err != nil || u.String() != text {
			t.Errorf("ParseUUID(%q) = %v, %v, want %s", in, u, err, text)
		}
	}
	for _, in := range []string{"", "x", text[1:], text + "0", text[:35] + "g", "018a981f+4b35-7c66-825e-8b0eeae65714", "{" + text, strings.Repeat("-", 36), strings.Repeat("é", 18)} {
		if u, err := capture.ParseUUID([]byte(in)); err == nil {
			t.Errorf("ParseUUID(%q) = %v, want an error", in, u)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := capture.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
		if got, err := capture.ParseUUID(capture.AppendUUID(nil, want)); err != nil || got != want {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
	})
}

func anEvent() *capture.Event {
	id, err := capture.ParseUUID("018a981f-4b35-7c66-825e-8b0eeae65714")
	if err != nil {
		return nil
	}
	return &capture.Event{
		Name:       []byte("purchase"),
		DistinctID: []byte("user-000123456"),
		UUID:       id,
		Timestamp:  time.Date(2025, 1, 2, 3, 4, 5, 678_900_000, time.UTC),
		Properties: []byte(`{"$lib":"rehearse","padding":"` + strings.Repeat("x", 180) + `"}`),
	}
}

func TestAppendEvent(t *testing.T) {
	t.Parallel()
	full := anEvent()
	full.Properties = []byte(`{"a":1}`)
	const members = `"event":"purchase","distinct_id":"user-000123456","uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","timestamp":"2025-01-02T03:04:05.678Z","properties":{"a":1}}`
	bare := &capture.Event{Name: []byte(`a"b`)}
	sentAt := time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct{ name, got, want string }{
		{"all members, in order", string(capture.AppendEvent([]byte("x"), full)), "x{" + members},
		{"zero members left out", string(capture.AppendEvent(nil, bare)), `{"event":"a\"b","distinct_id":""}`},
		{"single", string(capture.AppendSingle(nil, "phc_a", full)), `{"api_key":"phc_a",` + members},
		{"head", string((&capture.Envelope{Token: "phc_a"}).AppendHead(nil)), `{"api_key":"phc_a","batch":[`},
		{"head, all of it", string((&capture.Envelope{Token: `"`, HistoricalMigration: true, SentAt: sentAt}).AppendHead(nil)), `{"api_key":"\"","historical_migration":true,"sent_at":"2025-01-02T00:00:00.000Z","batch":[`},
		{"tail", string((&capture.Envelope{}).AppendTail([]byte("x"))), `x]}`},
	} {
		if row.got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, row.got, row.want)
		}
	}
}

// TestEncodeDecode: the endpoint understands what the client meant.
func TestEncodeDecode(t *testing.T) {
	t.Parallel()
	var d capture.Decoder
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z"\\ é😀]{0,20}[a-z]`)
		envelope := capture.Envelope{Token: "phc_a", HistoricalMigration: rapid.Bool().Draw(t, "historical")}
		events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) capture.Event {
			return capture.Event{
				Name:       []byte(text.Draw(t, "name")),
				DistinctID: []byte(text.Draw(t, "id")),
				UUID:       capture.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid")),
				Properties: capture.AppendString([]byte(`{"p":`), text.Draw(t, "p")),
			}
		}), 1, 5).Draw(t, "events")
		body := envelope.AppendHead(nil)
		for i := range events {
			events[i].Properties = append(events[i].Properties, '}')
			if i > 0 {
				body = append(body, ',')
			}
			body = capture.AppendEvent(body, &events[i])
		}
		s, err := d.Decode(post(string(envelope.AppendTail(body))))
		if err != nil || len(s.Events) != len(events) || s.Historical != envelope.HistoricalMigration || string(s.Token) != "phc_a" {
			t.Fatalf("got %+v, %v, want %d events", s, err, len(events))
		}
		for i, want := range events {
			got := s.Events[i]
			if !bytes.Equal(got.Event, want.Name) || !bytes.Equal(got.DistinctID, want.DistinctID) || got.UUID != want.UUID || !bytes.Equal(got.Properties, want.Properties) {
				t.Errorf("event %d: got %s, want %+v", i, got.Raw, want)
			}
		}
	})
}

// TestTimeText: times one after the other, of one second, of one day and of any, are
// written as by themselves.
func TestTimeText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c capture.TimeText
		at := time.Unix(rapid.Int64Range(-70_000_000_000, 270_000_000_000).Draw(t, "first"), 0)
		for _, step := range rapid.SliceOf(rapid.OneOf(
			rapid.Int64Range(-1500, 1500), rapid.Int64Range(-1e8, 1e8), rapid.Int64Range(-1e14, 1e14),
		)).Draw(t, "steps in ms") {
			at = time.UnixMilli(at.UnixMilli() + step)
			e := capture.Event{Name: []byte("a"), UUID: capture.UUID{1, 2, 15: 3}, Timestamp: at, Properties: []byte("{}")}
			high, low := e.UUID.Words()
			got := append(c.AppendMiddle([]byte(`{"event":"a","distinct_id":"`), high, low, at), "{}}"...)
			want := `{"event":"a","distinct_id":"","uuid":"` + e.UUID.String() + `","timestamp":"` +
				string(capture.AppendTime(nil, at)) + `","properties":{}}`
			if string(got) != want {
				t.Fatalf("%v is written as\n%s, want\n%s", at, got, want)
			}
		}
	})
}

func TestEncodeAllocates(t *testing.T) {
	e := anEvent()
	envelope := capture.Envelope{Token: "phc_a", HistoricalMigration: true, SentAt: e.Timestamp}
	buffer := make([]byte, 0, 4096)
	for name, encode := range map[string]func(){
		"event":    func() { capture.AppendEvent(buffer, e) },
		"single":   func() { capture.AppendSingle(buffer, "phc_a", e) },
		"envelope": func() { envelope.AppendTail(envelope.AppendHead(buffer)) },
		"escaped":  func() { capture.AppendString(buffer, "a\"b\xffé") },
	} {
		if got := testing.AllocsPerRun(100, encode); got != 0 {
			t.Errorf("%s: %v allocations, want none", name, got)
		}
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	e := anEvent()
	buffer := capture.AppendEvent(nil, e)
	b.SetBytes(int64(len(buffer)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = capture.AppendEvent(buffer[:0], e)
	}
}

func BenchmarkAppendTime(b *testing.B) {
	moment := anEvent().Timestamp
	buffer := make([]byte, 0, 64)
	for b.Loop() {
		capture.AppendTime(buffer, moment)
	}
}

func BenchmarkAppendUUID(b *testing.B) {
	id := anEvent().UUID
	buffer := make([]byte, 0, 64)
	for b.Loop() {
		capture.AppendUUID(buffer, id)
	}
}

func BenchmarkAppendString(b *testing.B) {
	buffer := make([]byte, 0, 64)
	for _, s := range []string{"user-000123456", "usér-000123456"} {
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				capture.AppendString(buffer, s)
			}
		})
	}
}
