package report

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
)

// maxGroups is how many kinds of refusals are told apart.
const maxGroups = 1000

// group is refused requests that came to the same.
type group struct {
	reason, side, answer string
	mayBeStored          bool
	status               int
	requests, events     int64
	first, last          float64 // when the first and the last of them were due, in ms
}

// name is the reason of the group, with a mark if events of it may be stored.
func (g *group) name() string {
	kind := results.RejectionRow{MayBeStored: g.mayBeStored}
	return text.Printable(g.reason, 22-len(doubtMark(kind))) + doubtMark(kind)
}

// groupKey is what the requests of a group have in common, their answers but for
// numbers and ids: those differ where an endpoint names the events, or the time.
type groupKey struct {
	reason, answer string
	status         int
	mayBeStored    bool
}

// number is a number, or an id in hexadecimal digits.
var number = regexp.MustCompile(`[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*`)

// likeness is the beginning of an answer without its numbers and ids.
func likeness(answer string) string {
	return text.Printable(number.ReplaceAllString(answer, "0"), 80)
}

// WriteRejected lists the refused requests of a run in groups of one reason,
// status and answer, each with the first of its answers, the largest first: as a table, or where there are fewer
// columns than text.Columns as a paragraph each.
func WriteRejected(w io.Writer, run *rundir.Run, width int) error {
	groups, leftOut, err := groupRejections(run)
	if err != nil {
		return err
	}
	var b strings.Builder
	if width < text.Columns {
		writeNarrow(&b, groups, max(width, text.MinColumns))
	} else {
		writeTable(&b, groups)
	}
	if len(groups) == 0 {
		b.WriteString("no request that was sent was refused\n")
	}
	if slices.ContainsFunc(groups, func(g *group) bool { return g.mayBeStored }) {
		b.WriteString("(?) events of these requests may be stored: the answer is no certain no to each of them\n")
	}
	if leftOut > 0 {
		fmt.Fprintf(&b, "the details of %s more were not kept\n", text.Count(leftOut))
	}
	return write(w, b.String())
}

// writeNarrow sets a paragraph a group.
func writeNarrow(b *strings.Builder, groups []*group, width int) {
	for _, g := range groups {
		said := fmt.Sprintf("%s requests, %s events: %s", text.Count(g.requests), text.Count(g.events), g.name())
		if g.status > 0 {
			said += " " + strconv.Itoa(g.status)
		}
		said += fmt.Sprintf(" (%s), due from %s to %s",
			text.Printable(g.side, 8), clock(g.first/1000), clock(g.last/1000))
		if g.answer != "" {
			said += fmt.Sprintf(": %q", g.answer)
		}
		b.WriteString("- " + strings.Join(text.Wrap(said, width-2), "\n  ") + "\n")
	}
}

// writeTable sets a line a group.
func writeTable(b *strings.Builder, groups []*group) {
	fmt.Fprintf(b, "%10s %12s %-22s %-8s %3s %9s %9s  %s\n",
		"requests", "events", "reason", "side", "", "first", "last", "answer")
	for _, g := range groups {
		status := ""
		if g.status > 0 {
			status = strconv.Itoa(g.status)
		}
		fmt.Fprintf(b, "%10s %12s %-22s %-8s %3s %9s %9s  %s\n", text.Count(g.requests), text.Count(g.events),
			g.name(), text.Printable(g.side, 8), status, clock(g.first/1000), clock(g.last/1000), g.answer)
	}
}

// groupRejections reads the refused requests of a run.
func groupRejections(run *rundir.Run) (groups []*group, leftOut int64, err error) {
	known := map[groupKey]*group{}
	listed := int64(0)
	leftOut, err = run.EachRejection(func(line *rundir.RejectionLine) error {
		listed++
		answer := text.Printable(line.Answer, 80)
		key := groupKey{line.Reason, likeness(line.Answer), line.Status, line.MayBeStored}
		if known[key] == nil && len(known) >= maxGroups {
			key, answer = groupKey{reason: "others"}, ""
		}
		g := known[key]
		if g == nil {
			g = &group{
				reason:      key.reason,
				mayBeStored: key.mayBeStored,
				side:        line.Side,
				answer:      answer,
				status:      key.status,
				first:       line.DueMS,
			}
			known[key] = g
			groups = append(groups, g)
		}
		g.requests++
		g.events += line.Events
		g.first, g.last = min(g.first, line.DueMS), max(g.last, line.DueMS)
		return nil
	})
	if err != nil && !errors.Is(err, rundir.ErrTorn) {
		return nil, 0, fmt.Errorf("cannot list rejections: %w", err)
	}
	// of which it is not known what was in flight
	if r := run.Result; r.Run.Ended != results.Killed && r.Run.Ended != results.Running {
		leftOut = max(leftOut, r.Requests.Rejected+r.Requests.Ambiguous+r.Requests.Retried-listed)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(b.requests, a.requests) })
	return groups, leftOut, nil
}

// WriteEvents writes, as CSV, which events were not accepted: what became of
// them, the index of the first, and how many from there on. It is read from the
// ledger, which has every event, also those whose details were not kept. What
// stood where it is damaged is unknown.
func WriteEvents(w io.Writer, run *rundir.Run) error {
	ledger, err := run.Ledger()
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.Write([]string{"fate", "first_event", "events"}) // the writer keeps its error
	row := func(fate string, r results.Range) {
		out.Write([]string{fate, strconv.FormatInt(r.First, 10), strconv.FormatInt(r.Count, 10)})
	}
	for _, r := range ledger.Ranges {
		if r.Fate != capture.FateAccepted {
			row(r.Fate.String(), r)
		}
	}
	if len(ledger.Damage) > 0 && run.Result.Run.Shard.Of <= 1 {
		for _, r := range results.Union(ledger.Ranges).Gaps(nil, 0, run.Result.Planned.Events) {
			row("unknown", r)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("cannot write events: %w", err)
	}
	return nil
}
