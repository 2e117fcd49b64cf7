package permit

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
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
	bounds := []string{number(b.Peak) + " events in any second", number(float64(b.Events)) + " events in a run, retries included"}
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
