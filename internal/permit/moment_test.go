package permit

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestParseMoment: clocks in Berlin are set forward on 2026-03-29 at 02:00 and
// back on 2026-10-25 at 03:00.
func TestParseMoment(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want, wrong string }{
		{"2026-12-01T10:00:00+01:00", "2026-12-01T09:00:00Z", ""},
		{"2026-12-01T10:00:00Z", "2026-12-01T10:00:00Z", ""},
		{"2026-12-01T10:00+02:00", "2026-12-01T08:00:00Z", ""},
		{"2026-12-01T10:00", "2026-12-01T09:00:00Z", ""},
		{"2026-07-01 10:00:30", "2026-07-01T08:00:30Z", ""},
		{"2026-03-29T01:59", "2026-03-29T00:59:00Z", ""},
		{"2026-03-29T02:30", "", "ever shows 2026-03-29 02:30"},
		{"2026-03-29T03:00", "2026-03-29T01:00:00Z", ""},
		{"2026-10-25T02:30", "", "twice, because they are set back then: write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"},
		{"2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z", ""},
		{"2026-10-25T03:00", "2026-10-25T02:00:00Z", ""},
		{"tomorrow", "", "cannot read"},
		{"2026-12-01", "", "cannot read"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			at, err := ParseMoment(c.text, berlin)
			switch {
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("got %v %v, want %q", at, err, c.wrong)
			case c.wrong == "" && (err != nil || at.UTC().Format(time.RFC3339) != c.want):
				t.Errorf("got %v %v, want %s", at.UTC(), err, c.want)
			}
		})
	}
}

// TestWriteIsRead: terms that are written are read back as they were.
func TestWriteIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		from := time.Unix(rapid.Int64Range(1e9, 2e9).Draw(r, "from"), 0).In(time.FixedZone("", rapid.IntRange(-50, 50).Draw(r, "zone")*900))
		word := rapid.StringOf(rapid.RuneFrom([]rune("aB7 é界:#'\"\\{}[]&*!|>%@`,?-"))).Filter(func(s string) bool { return s != "" && len(s) < 100 })
		terms := Terms{
			ID: "p-1", Issued: from.Add(-time.Hour), Window: Window{from, from.Add(time.Hour)},
			Purpose: word.Draw(r, "purpose"), Contact: word.Draw(r, "contact"), Customer: word.Draw(r, "customer"), Approver: "jo@x",
			Hosts: []Host{{Name: "::1", Port: 8010}, {Name: "a.example"}}, Tokens: []string{"sha256:0123456789abcdef"},
			Bounds: Bounds{Peak: rapid.Float64Range(1, 1e6).Draw(r, "peak"), Events: rapid.Int64Range(1, 1e9).Draw(r, "events"), Batch: rapid.Int64Range(0, 1000).Draw(r, "batch")},
		}
		text, err := Write(&terms)
		if err != nil {
			r.Fatal(err)
		}
		got, err := parseTerms("p", text)
		if err != nil {
			r.Fatal(err)
		}
		if got.Purpose != terms.Purpose || got.Contact != terms.Contact || got.Customer != terms.Customer || got.Bounds != terms.Bounds ||
			!got.From.Equal(from) || got.Hosts[0] != terms.Hosts[0] || got.Hosts[1] != terms.Hosts[1] {
			r.Errorf("wrote %+v, read %+v", terms, got)
		}
	})
}

// TestText: what show prints, before, in and after the window.
func TestText(t *testing.T) {
	t.Parallel()
	p := fixture(t, "ed25519")
	for _, c := range []struct {
		now  time.Time
		want string
	}{
		{p.Terms.From.Add(-90 * time.Minute), "opens in 1h30m"},
		{p.Terms.From.Add(time.Hour), "open: 5h left"},
		{p.Terms.Until.Add(time.Minute), "closed 1m ago"},
	} {
		var out bytes.Buffer
		if err := p.WriteText(&out, c.now, time.UTC); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{c.want, "until      2026-12-01 15:00:00 UTC", "5,000 events in any second, 3,000,000 events in a run, retries included, 100 requests in any second"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is not in\n%s", want, &out)
			}
		}
	}
}
