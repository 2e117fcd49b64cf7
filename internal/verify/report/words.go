package report

import (
	"fmt"
	"strings"

	"rehearse/internal/text"
	"rehearse/internal/verify"
)

// row is a line of a table: a name and how many.
type row struct {
	name  string
	count int64
	deep  int  // how far it is indented
	bad   bool // it should be none
}

// eventRows are the events of the run, by what was found.
func eventRows(e *verify.Events) []row {
	accepted := e.Accepted.Present + e.Accepted.Lost + e.Accepted.Dropped
	rows := []row{
		{"planned", e.Planned, 0, false},
		{"sent under another's uuid", e.Repeated, 0, false},
		{"sent without a uuid", e.Unmarked, 0, false},
		{"accepted", accepted, 0, false},
		{"present", e.Accepted.Present, 1, false},
		{"lost", e.Accepted.Lost, 1, true},
		{"dropped as predicted", e.Accepted.Dropped, 1, false},
		{"outcome unknown", e.Unsure.Arrived + e.Unsure.NotArrived, 0, false},
		{"arrived", e.Unsure.Arrived, 1, false},
		{"not arrived", e.Unsure.NotArrived, 1, false},
		{"rejected", e.Rejected.Absent + e.Rejected.Taken, 0, false},
		{"stored all the same", e.Rejected.Taken, 1, true},
		{"never sent", e.Unsent.Absent + e.Unsent.Seen, 0, false},
		{"present, sent by another run", e.Unsent.Seen, 1, true},
		{"not seen in what was read", e.Unread, 0, true},
		{"duplicated", e.Duplicated, 0, true},
		{"sent several times, stored fewer", e.Merged, 0, false},
	}
	return present(rows, "planned", "accepted", "present", "lost", "duplicated")
}

// sourceRows are the rows of the source, by what they tell of.
func sourceRows(r *verify.Rows) []row {
	rows := []row{
		{"all", r.All, 0, false},
		{"first of an event", r.First, 1, false},
		{"repeated as planned", r.Planned, 1, false},
		{"duplicates", r.Duplicated, 1, true},
		{"of another run of this seed", r.OtherRun, 1, false},
		{"of other events", r.Foreign, 1, false},
	}
	for _, why := range []verify.Unusable{verify.NotJSON, verify.TooLong, verify.NoUUID, verify.NotEvents,
		verify.Refused, verify.Tombstone} {
		rows = append(rows, row{unusable(why), r.Unusable[why], 1, false})
	}
	return present(rows, "all", "first of an event")
}

// present leaves out the rows that count nothing, except some.
func present(rows []row, always ...string) (some []row) {
	for _, r := range rows {
		keep := r.count > 0
		for _, name := range always {
			keep = keep || r.name == name
		}
		if keep {
			some = append(some, r)
		}
	}
	return some
}

// unusable says why rows tell of no event.
func unusable(why verify.Unusable) string {
	switch why {
	case verify.NotJSON:
		return "not JSON"
	case verify.TooLong:
		return "too long to read"
	case verify.NoUUID:
		return "without a uuid"
	case verify.NotEvents:
		return "requests without events"
	case verify.Refused:
		return "requests that were refused"
	case verify.Tombstone:
		return "tombstones"
	}
	return text.Printable(string(why), 40)
}

// because says why a verdict is invalid.
func because(r *verify.Report) string {
	switch r.Because {
	case verify.Incomplete:
		return "the source could not be read to its end: " + text.Printable(r.Source.Why, 400)
	case verify.Interrupted:
		return "stopped by a signal " + progress(&r.Source)
	case verify.NothingThere:
		return "the source holds no event of this run: is it the right one?"
	case verify.NoRows:
		return "the source is empty"
	case verify.Untrusted:
		return "the ledger of the run is damaged, so that it is not known which events were accepted"
	case verify.NotKnown:
		var of []string
		for _, row := range r.Thresholds {
			if !row.Known {
				of = append(of, text.Printable(row.Text, 100))
			}
		}
		return "the source does not tell what a threshold asks for: " + strings.Join(of, ", ")
	}
	return ""
}

// progress is how far reading came.
func progress(s *verify.SourceRow) string {
	if s.All > 0 {
		return fmt.Sprintf("after %s (%s)", Position(s.Kind, s.Read, s.All),
			text.Percent(float64(s.Read)/float64(s.All)))
	}
	return "after " + amount(s.Kind, s.Read)
}

// Position is how far a source of a kind was read, in its own unit: files in bytes, the
// others in rows.
func Position(kind string, read, all int64) string {
	return amount(kind, read) + " of " + amount(kind, all)
}

// amount is a part of a source.
func amount(kind string, n int64) string {
	if kind == "export" || kind == "requests" {
		return text.Size(n)
	}
	return text.Plural(n, "row")
}

// note says what a note means.
func note(n *verify.Note) string {
	switch n.Code {
	case verify.NoteDamage:
		return text.Printable(n.Text, 300) + ": the outcome of the events recorded there is unknown"
	case verify.NoteStarts:
		return "the shards of the run started up to " + text.Printable(n.Text, 40) +
			" apart; times to visible count from the first start"
	case verify.NoteDrops:
		return "the scenario has the endpoint drop events of several projects by rule, or once a quota is used up: " +
			"which ones is not predicted here, and they count as lost"
	case verify.NoteAnswers:
		return text.Count(n.Count) + " recorded requests do not say how they were answered; " +
			"all are counted as accepted (record with a newer version)"
	case verify.NoteForgotten:
		return text.Count(n.Count) + " rows of events that were seen three times or more are counted, " +
			"and their content is not compared"
	case verify.NoteUnequal:
		return text.Count(n.Count) + " more blocks of 16,384 events hold altered events that are not counted one by one"
	case verify.NoteUnread:
		return "the source could not be read a second time, so altered events are not named: " +
			text.Printable(n.Text, 300)
	case verify.NoteSampled:
		return "times to visible are those of " + text.Count(n.Count) +
			" events, a sample: the others came in no order, or were counted and not read"
	}
	return text.Printable(n.Code+" "+n.Text, 300)
}

// Verdict is the last line, with the exit code that goes with it.
func Verdict(r *verify.Report, exit int) string {
	switch {
	case r.Because != "":
		return fmt.Sprintf("%s\nverdict: invalid (exit %d)", because(r), exit)
	case r.Verdict == verify.Fail:
		return fmt.Sprintf("verdict: fail (exit %d)", exit)
	}
	return fmt.Sprintf("verdict: pass (exit %d)", exit)
}

// content says what was compared and how it came out.
func content(r *verify.Report) string {
	c := &r.Content
	if len(c.Compared) == 0 {
		return "not compared: the source has no column but the uuid"
	}
	how := ""
	if strings.Contains(strings.Join(c.Compared, " "), "properties") {
		how = ", every property sent"
		if c.Bytes {
			how = ", byte for byte"
		}
	}
	altered := text.Count(c.Altered)
	if c.AtLeast {
		altered = "at least " + altered
	}
	line := fmt.Sprintf("%s altered of %s compared (%s%s)", altered, text.Plural(c.Events+c.Summed, "event"),
		strings.Join(c.Compared, ", "), how)
	if c.Summed > 0 {
		line += fmt.Sprintf("; properties of %s alone", text.Count(c.Events))
	}
	if len(r.Source.Missing) > 0 {
		line += "; the source has no " + strings.Join(r.Source.Missing, ", ")
	}
	return line
}

// order says whether order was kept.
func order(o *verify.Order) string {
	if !o.Judged {
		return "not checked: the rows are in no known order (--in-order says that they are)"
	}
	return fmt.Sprintf("%s of %s came after a later one of their distinct_id", text.Count(o.Misordered),
		text.Plural(o.Events, "event"))
}

// visible says how long it took events to be there.
func visible(r *verify.Report) string {
	v := r.Visible
	switch {
	case r.Run.ClosedLoop:
		return "not known: a closed loop has no due times"
	case v == nil:
		return "not known: the source does not say when events arrived"
	}
	line := fmt.Sprintf("p50 %s, p95 %s, p99 %s, max %s after the due time", text.Milliseconds(v.P50),
		text.Milliseconds(v.P95), text.Milliseconds(v.P99), text.Milliseconds(v.Max))
	if v.Drain > 0 {
		line += fmt.Sprintf("; the last arrived %s after the end of the run", text.Milliseconds(v.Drain))
	}
	return line
}

// persons says whether ids that merges join are one person's.
func persons(p *verify.Persons) string {
	if !p.Complete {
		return "not known: " + text.Printable(p.Source, 200) + " could not be read to its end: " +
			text.Printable(p.Why, 300)
	}
	if p.Judged == 0 {
		return fmt.Sprintf("not known: %s tells the person of none of %s that merges name",
			text.Printable(p.Source, 200), text.Plural(p.IDs, "id"))
	}
	line := fmt.Sprintf("%s split, %s wrongly joined, %s missing, after %s of %s",
		text.Plural(p.Split, "person"), text.Count(p.Joined), text.Plural(p.Missing, "id"),
		text.Plural(p.Merges, "merge"), text.Plural(p.IDs, "id"))
	if p.NotFollowed > 0 {
		line += "; merges not followed for want of room: " + text.Count(p.NotFollowed)
	}
	return line
}
