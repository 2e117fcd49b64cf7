package permit

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"rehearse/internal/units"
)

// WriteText writes what the permit allows, for people, as seen at a time. Clock
// times are those of the zone and UTC.
func (p *Permit) WriteText(w io.Writer, now time.Time, zone *time.Location) error {
	t := &p.Terms
	var b bytes.Buffer
	fact := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-10s %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "permit %s, issued %s\n", t.ID, stamp(t.Issued.In(zone)))
	fact("purpose", t.Purpose)
	fact("customer", t.Customer)
	fact("contact", t.Contact)
	fact("approver", t.Approver)
	var hosts []string
	for _, h := range t.Hosts {
		hosts = append(hosts, h.String())
	}
	fact("hosts", strings.Join(hosts, ", "))
	fact("tokens", strings.Join(t.Tokens, ", "))
	fact("scenario", t.Scenario)
	fact("from", stamp(t.From.In(zone)))
	fact("until", stamp(t.Until.In(zone)))
	fact("", left(t, now))
	fact("at most", atMost(&t.Bounds))
	if t.Stop.File != "" {
		fact("stops", "once the file "+t.Stop.File+" exists")
	}
	if t.Stop.URL != "" {
		fact("stops", "unless "+t.Stop.URL+" answers go")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// left says how a time lies to the window.
func left(t *Terms, now time.Time) string {
	switch {
	case now.Before(t.From):
		return "opens in " + away(t.From.Sub(now))
	case now.Before(t.Until):
		return "open: " + away(t.Until.Sub(now)) + " left"
	}
	return "closed " + away(now.Sub(t.Until)) + " ago"
}

// atMost lists the bounds in a sentence.
func atMost(b *Bounds) string {
	bounds := []string{number(b.Peak) + " events in any second",
		number(float64(b.Events)) + " events in a run, retries included"}
	for _, more := range []struct {
		value int64
		what  string
	}{
		{b.Requests, " requests in any second"},
		{b.Batch, " events in a request"},
		{b.Merges, " merges in a run"},
	} {
		if more.value > 0 {
			bounds = append(bounds, number(float64(more.value))+more.what)
		}
	}
	return strings.Join(bounds, ", ")
}

// stamp writes a time with its offset and in UTC.
func stamp(t time.Time) string {
	local, universal := t.Format("2006-01-02 15:04:05 -07:00"), t.UTC().Format("2006-01-02 15:04:05")
	if _, offset := t.Zone(); offset == 0 {
		return universal + " UTC"
	}
	return fmt.Sprintf("%s (%s UTC)", local, universal)
}

// away writes how far off something is, in seconds.
func away(d time.Duration) string { return units.FormatDuration(d.Round(time.Second)) }

// layouts are how a time without an offset may be written.
var layouts = [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// ParseMoment reads a time: with its offset, or as a clock in the zone shows it.
// A time that the clock passes over or shows twice, because it is set forward or
// back then, is an error that asks for the offset.
func ParseMoment(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	for _, layout := range layouts {
		wall, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		return units.OnClock(wall, zone)
	}
	return time.Time{}, fmt.Errorf("cannot read %q as a time: as in 2026-12-01T10:00:00+01:00, or 2026-12-01T10:00 by "+
		"the clock in a zone", units.Clip(text))
}
