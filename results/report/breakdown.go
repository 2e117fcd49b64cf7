package report

import (
	"fmt"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/staging/stats"
)

// breakdown is what became of the events by name and by token.
type breakdown struct {
	Names, Tokens *namedTable // nil: not known, or there is but one token
	Note          string
}

// namedTable is a table of events by name.
type namedTable struct {
	Title, Counted string // headings of the first two columns
	All            bool   // what was not accepted is known as well
	Rows           []namedRow
}

// namedRow are the events of one name.
type namedRow struct {
	results.NamedTotals
	Events int64  // planned, or accepted where no more is known
	Rate   string // of them that were accepted
	Share  string // of all events
}

// mostNames is how many names the report lists.
const mostNames = 40

// newBreakdown takes the counts from the result, or else those of the endpoint, which
// knows what it accepted; empty: neither counted.
func newBreakdown(r *results.Result, e *stats.Endpoint) (b breakdown) {
	if counted := r.Breakdown; counted != nil {
		b.Names = newTable("event name", counted.Names)
		if len(counted.Tokens) > 0 {
			b.Tokens = newTable("project token", counted.Tokens)
		}
	} else if e != nil && len(e.Names) > 0 {
		var rows []results.NamedTotals
		for _, name := range e.Names {
			rows = append(rows, results.NamedTotals{Name: name.Name, Totals: results.Totals{Accepted: name.Events}})
		}
		b.Names = newTable("event name", rows)
		b.Names.Counted, b.Names.All = "accepted", false
	}
	if b.Names != nil && len(b.Names.Rows) > mostNames {
		b.Note = fmt.Sprintf("%s more are not listed", text.Count(len(b.Names.Rows)-mostNames))
		b.Names.Rows = b.Names.Rows[:mostNames]
	}
	return b
}

// newTable sets rows; nil: there are none.
func newTable(title string, all []results.NamedTotals) *namedTable {
	if len(all) == 0 {
		return nil
	}
	t := &namedTable{Title: title, Counted: "planned", All: true}
	var sum int64
	planned := func(n *results.NamedTotals) int64 { return n.Accepted + n.Rejected + n.Ambiguous + n.Unsent }
	for i := range all {
		sum += planned(&all[i])
	}
	for _, n := range all {
		events := planned(&n)
		n.Name = text.Printable(n.Name, 80)
		t.Rows = append(t.Rows,
			namedRow{n, events, text.Percent(share(n.Accepted, events)), text.Percent(share(events, sum))})
	}
	return t
}
