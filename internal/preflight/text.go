package preflight

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"rehearse/internal/text"
)

// Terminal is what the place that text goes to can show.
type Terminal struct {
	ASCII  bool // no other characters
	Colour bool
}

// textWidth is how many columns a report may take.
const textWidth = 100

// page is a text being set.
type page struct {
	bytes.Buffer
	Terminal
}

// line sets one line.
func (p *page) line(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	if p.ASCII {
		text = strings.Map(known, spelled.Replace(text))
	}
	p.WriteString(text + "\n")
}

// spelled writes what a terminal may not know in ASCII.
var spelled = strings.NewReplacer("±", "+-", "≤", "<=", "…", "...", "·", "-", "�", "?")

// known replaces what is not ASCII.
func known(r rune) rune {
	if r >= utf8.RuneSelf {
		return '?'
	}
	return r
}

// fact sets one line of a section.
func (p *page) fact(name, format string, args ...any) {
	p.line("  %-12s %s", name, fmt.Sprintf(format, args...))
}

// paragraph sets text in as many lines as it needs, the first after mark.
func (p *page) paragraph(mark, words string) {
	for _, line := range text.Wrap(words, textWidth-text.Width(mark)) {
		p.line("%s%s", mark, line)
		mark = strings.Repeat(" ", text.Width(mark))
	}
}

// WriteText writes the report for a terminal. The verdict is left to
// the caller, who knows the exit code that belongs to it.
func (r *Report) WriteText(w io.Writer, t Terminal) error {
	p := &page{Terminal: t}
	p.line("%s", r.Scenario)
	r.planText(p)
	r.curveText(p)
	r.hotText(p)
	r.spreadText(p)
	r.lateText(p)
	r.storageText(p)
	r.learnedText(p)
	r.factsText(p)
	r.findingsText(p)
	if _, err := w.Write(p.Bytes()); err != nil {
		return fmt.Errorf("cannot write the check: %w", err)
	}
	return nil
}

// planText sets what will be sent.
func (r *Report) planText(p *page) {
	plan := &r.Plan
	p.line("")
	p.line("plan%s", map[bool]string{true: ", every request built and counted"}[plan.Counted])
	p.fact("events", "%s in %s requests (%s), over %s", text.Count(plan.Events),
		text.Count(plan.Requests), error95(plan.Errors.Requests), seconds(plan.Seconds))
	p.fact("events/s", "%s at the peak, %s on average", text.Rate(plan.PeakEvents),
		text.Rate(plan.MeanEvents))
	if b := r.Background; b != nil {
		p.fact("background", "%s in %s requests, %s events/s at the peak; both peak at %s",
			text.Plural(b.Plan.Events, "event"), text.Count(b.Plan.Requests), text.Rate(b.Plan.PeakEvents),
			text.Rate(b.Peak))
	}
	if r.Headroom != nil {
		p.fact("capacity", "%s", r.Headroom.headroomText())
	}
	p.fact("requests/s", "%s at the peak, %s on average", text.Rate(plan.PeakRequests),
		text.Rate(plan.MeanRequests))
	p.fact("bytes", "%s of bodies (%s), %s on the wire (%s)", text.Size(plan.BodyBytes),
		error95(plan.Errors.BodyBytes), text.Size(plan.WireBytes), error95(plan.Errors.WireBytes))
	p.fact("connections", "%s at the peak, if a request takes %s ms (Little's law)",
		text.Count(plan.Connections), text.Rate(plan.ServiceMS))
	p.fact("persons", "%s different distinct_ids (%s)", text.Count(plan.Persons),
		error95(plan.Errors.Persons))
	for _, f := range plan.Refused {
		if f.Status == 200 {
			p.fact("dropped", "%s events (%s): %s", text.Count(f.Events), error95(f.Error), f.Reason)
			continue
		}
		p.fact("refused", "%s events, %s requests (%s): %d %s", text.Count(f.Events),
			text.Count(f.Requests), error95(f.Error), f.Status, f.Reason)
	}
	if plan.Pause > longPause {
		p.fact("pause", "%s at the longest", seconds(plan.Pause))
	}
	if plan.Disorder > 0 {
		p.fact("disorder", "%s events come after a younger one of their id",
			text.Count(plan.Disorder))
	}
	p.fact("order", "%s", r.orderText())
	r.mergesText(p)
}

// mergesText sets what may become of the merges.
func (r *Report) mergesText(p *page) {
	m := &r.Merges
	if m.Total == 0 {
		return
	}
	off := error95(r.Plan.Errors.Merges)
	p.fact("merges", "%s (%s), %s refused, %s before any event of their id, %s into ids that "+
		"overflow",
		text.Count(m.Total), off, text.Count(m.Refused), text.Count(m.Early),
		text.Count(m.Overflow))
	if m.P90 >= longPause {
		p.fact("anonymous", "p50 %s, p90 %s, from an id's first event to its merge", seconds(m.P50),
			seconds(m.P90))
	}
	p.line("")
	p.line("%-60s %18s %19s", "merges processed before an event of the id that they join",
		"partition "+text.Count(r.Partitions.Hottest), "any partitions")
	for _, row := range m.ReadEarly {
		p.line("  %-58s %18s %19s", "if it lags behind the others by "+seconds(row.LagS),
			text.Count(row.OneBehind)+" ("+error95(row.OneError)+")",
			"≤ "+text.Count(row.AtMost)+" ("+error95(row.Error)+")")
	}
}

// longPause is how long a pause or a delay is, in seconds, before it is worth a word.
const longPause = 1

// around sets the error of an estimate, if it has one.
func around(e float64) string {
	if e == 0 {
		return ""
	}
	return " (" + error95(e) + ")"
}

// error95 is half of a 95 % interval, as a share.
func error95(e float64) string {
	switch {
	case e == 0:
		return "exact"
	case e < 0.0001:
		return "± 0.01 %"
	}
	return "± " + percentOf(e)
}

// percentOf writes a share to two digits.
func percentOf(share float64) string {
	if p := share * 100; p < 10 {
		return strconv.FormatFloat(p, 'g', 2, 64) + " %"
	}
	return strconv.FormatFloat(share*100, 'f', 0, 64) + " %"
}

// hotText sets the busiest ids.
func (r *Report) hotText(p *page) {
	if len(r.HotIDs) == 0 {
		return
	}
	p.line("")
	p.line("%-28s %11s %8s %7s %8s %15s %17s", "hottest ids", "events", "", "share", "peak/s",
		"overflows at", "overflow")
	for _, h := range r.HotIDs {
		at, over := "never", ""
		if h.OverflowsS != nil {
			at, over = seconds(*h.OverflowsS)+within(h.FirstError),
				text.Count(h.Overflow)+" "+error95(h.OverflowError)
		}
		p.line("  %-26s %11s %8s %7s %8s %15s %17s", plain(h.named(), 26), text.Count(h.Events),
			error95(h.EventsError), text.Percent(h.Share), text.Rate(h.PeakPerS), at, over)
	}
	if n := r.Plan.Missed; n > 0 {
		p.line("  there are too many ids to follow each: one may have had up to %s events more, "+
			"and quiet ones miss among the merges at risk and the disorder", text.Count(n))
	}
	if n := r.Plan.Overflowing; n > 0 {
		p.line("  %s in all, %s of their events (%s)", idsOverflow(n), text.Count(r.Plan.Overflow),
			error95(r.Plan.Errors.Overflow))
	}
	if safe := r.Plan.SafeRate; safe != nil && *safe >= 1 {
		p.line("  none overflows at a steady %s events/s in all", text.Count(math.Floor(*safe)))
	}
	if r.Plan.SafeRate == nil {
		p.line("  on the historical lane, or without a limit for one id, none overflows at any " +
			"rate")
	}
}

// within sets the error of a time.
func within(s float64) string {
	if s == 0 {
		return ""
	}
	return " ± " + seconds(max(s, 0.1))
}

// named is the id, with its project where there are several.
func (h *HotID) named() string {
	if h.Project > 0 {
		return fmt.Sprintf("%s (project %d)", h.DistinctID, h.Project)
	}
	return h.DistinctID
}

// idsOverflow says how many ids overflow.
func idsOverflow(n int) string {
	if n == 1 {
		return "1 id overflows"
	}
	return text.Count(n) + " ids overflow"
}

// spreadText sets how events spread.
func (r *Report) spreadText(p *page) {
	s := &r.Partitions
	p.line("")
	p.line("partitions")
	p.fact("spread", "%s on each of %s on average, %s (%s) on number %d: %s times as many",
		text.Count(s.Mean), text.Count(s.Count), text.Count(s.Max), error95(s.MaxError), s.Hottest,
		text.Rate(float64(s.Max)/max(s.Mean, 1)))
}

// lateText sets how late events are, where that is known.
func (r *Report) lateText(p *page) {
	all := r.Lag.All()
	if len(all) == 0 {
		return
	}
	p.line("")
	p.line("lag")
	for _, q := range all {
		p.paragraph("  ", r.lagText(q))
	}
}

// StorageLines say what the run leaves in databases and on disks, each with a name.
func (r *Report) StorageLines() [][2]string { return r.Storage.Lines(r.moment) }

// storageText sets what the run leaves in databases and on disks.
func (r *Report) storageText(p *page) {
	lines := r.StorageLines()
	if len(lines) == 0 {
		return
	}
	p.line("")
	p.line("persons and storage")
	for _, line := range lines {
		p.paragraph(fmt.Sprintf("  %-12s ", line[0]), line[1])
	}
}

// factsText sets what the scenario was held to.
func (r *Report) factsText(p *page) {
	p.line("")
	p.line("assumptions and limits used")
	for _, a := range r.HeldTo {
		p.line("  %-18s %-54s %s", a.Field, a.Value, a.Origin)
	}
}

// findingsText sets what is to be said.
func (r *Report) findingsText(p *page) {
	p.line("")
	if len(r.Findings) == 0 {
		p.line("nothing was found")
		return
	}
	for i, f := range r.Findings {
		if i == 0 || r.Findings[i-1].ID != f.ID {
			p.line("%s", p.coloured(f.Severity, f.Severity.String()+" "+f.ID))
		}
		p.paragraph("  ", f.Message)
		p.paragraph("    where  ", f.Where)
		p.paragraph("    do     ", f.Hint)
		if f.Tell != "" {
			p.paragraph("    tell   ", f.Tell)
		}
	}
	p.line("")
}

// coloured gives a heading the colour of its severity.
func (p *page) coloured(s Severity, text string) string {
	if !p.Colour {
		return text
	}
	code := map[Severity]int{SeverityRefuse: 31, SeverityAccommodate: 33, SeverityNote: 36}[s]
	return fmt.Sprintf("\x1b[1;%dm%s\x1b[0m", code, text)
}

// list joins a few words, and says how many more there are.
func list(words []string, more int) string {
	joined := strings.Join(words, ", ")
	if more > 0 {
		joined += fmt.Sprintf(" and %s more", text.Count(more))
	}
	return joined
}
