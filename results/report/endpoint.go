package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/plot"
	"rehearse/internal/preflight"
	"rehearse/internal/text"
)

// maxHot is how many ids the report lists.
const maxHot = 12

// hotRow is an id that was expected to be hot, or was.
type hotRow struct {
	ID             string
	Expected, Seen string  // events
	Share          string  // of all events: as seen, or else as expected
	Bar            float64 // its length, in percent of the longest
	Peak           string  // events a second that were expected of it
	Overflows      string  // when it was expected to exceed its rate
	Astray         string  // events that lost their place on the main lane

	expected, seen int64
}

// hotRows sets the ids that were expected beside those that came, the most
// frequent first.
func hotRows(b *beside) []hotRow {
	rows := map[string]*hotRow{}
	row := func(id string) *hotRow {
		if rows[id] == nil {
			rows[id] = &hotRow{ID: text.Printable(id, 60)}
		}
		return rows[id]
	}
	if b.Check != nil {
		for i := range b.Check.HotIDs {
			id := &b.Check.HotIDs[i]
			row(id.DistinctID).expect(id)
		}
	}
	if b.Endpoint != nil {
		all := laneEvents(b.Endpoint.Pipeline.Lanes)
		for _, id := range b.Endpoint.Pipeline.HotIDs {
			row(id.DistinctID).see(id, all)
		}
	}
	return hottest(rows)
}

// expect fills in what the preflight said.
func (r *hotRow) expect(id *preflight.HotID) {
	r.expected = id.Events
	r.Expected, r.Share = text.Count(id.Events), text.Percent(id.Share)
	r.Peak = text.Rate(id.PeakPerS) + "/s"
	if id.OverflowsS != nil {
		r.Overflows = "from " + clock(*id.OverflowsS)
	}
}

// see fills in what the endpoint counted, of all events.
func (r *hotRow) see(id pipeline.HotID, all int64) {
	r.seen = id.Events
	r.Seen, r.Share = text.Count(id.Events), text.Percent(share(id.Events, all))
	if id.Uncertain > 0 {
		r.Seen = "≤ " + r.Seen
	}
	r.Astray = text.Count(id.Overflowed)
}

// hottest are the first rows by what came or was expected, whichever is more.
func hottest(rows map[string]*hotRow) (list []hotRow) {
	longest := int64(1)
	for _, r := range rows {
		list, longest = append(list, *r), max(longest, r.seen, r.expected)
	}
	slices.SortFunc(list, func(a, b hotRow) int {
		return cmp.Or(cmp.Compare(max(b.seen, b.expected), max(a.seen, a.expected)), strings.Compare(a.ID, b.ID))
	})
	list = list[:min(len(list), maxHot)]
	for i := range list {
		list[i].Bar = math.Round(1000*float64(cmp.Or(list[i].seen, list[i].expected))/float64(longest)) / 10
	}
	return list
}

// laneEvents counts the events of all lanes.
func laneEvents(lanes []pipeline.LaneCounts) (sum int64) {
	for _, lane := range lanes {
		sum += lane.Events
	}
	return sum
}

// arrived sets what was expected of the far end beside what came of it: a name,
// what the preflight said and what the endpoint counted.
func arrived(b *beside) (rows [][3]string) {
	if b.Endpoint == nil {
		return nil
	}
	expected := func(of func(*preflight.Report) int64) string {
		if b.Check == nil {
			return ""
		}
		return text.Count(of(b.Check))
	}
	p := &b.Endpoint.Pipeline
	row := func(name, expected string, seen int64) {
		rows = append(rows, [3]string{name, expected, text.Count(seen)})
	}
	planned := expected(func(c *preflight.Report) int64 {
		if c.Background != nil {
			return c.Plan.Events + c.Background.Plan.Events
		}
		return c.Plan.Events
	})
	row("events accepted", planned, b.Endpoint.Events.Accepted)
	if b.Sighted() { // else each pipeline saw a part of the load
		pipelineRows(row, p, expected)
	}
	row("events dropped, over quota", "", p.OverQuota)
	if p.Dropped > 0 {
		row("events dropped, by a rule or as no import", "", p.Dropped)
	}
	if b.Endpoint.Events.Lost > 0 {
		row("events accepted and lost", "", b.Endpoint.Events.Lost)
	}
	return rows
}

// pipelineRows set how the pipeline fared.
func pipelineRows(
	row func(name, expected string, seen int64), p *pipeline.Stats, expected func(func(*preflight.Report) int64) string,
) {
	row("merges", expected(func(c *preflight.Report) int64 { return c.Merges.Total }), p.Merges.Total)
	row("merges silently rejected", expected(func(c *preflight.Report) int64 { return c.Merges.Refused }),
		p.Merges.Illegal+p.Merges.Identified)
	if p.Merges.Moved > 0 {
		row("ids moved by merges (override rows)",
			expected(func(c *preflight.Report) int64 { return c.Storage.Persons.Overrides }), p.Merges.Moved)
	}
	if p.Merges.Beyond > 0 {
		row("merges beyond the limit of ids",
			expected(func(c *preflight.Report) int64 { return c.Storage.Persons.Beyond }), p.Merges.Beyond)
	}
	atRisk := expected(func(c *preflight.Report) int64 { return c.Merges.AtRisk })
	if atRisk != "" {
		atRisk = "up to " + atRisk // what may happen, not what will
	}
	row("merges processed before the events they join", atRisk, p.Merges.Overtook)
	row("events processed after a merge that they precede", "", p.Order.AfterMerge)
	row("events out of order within a distinct_id", "", p.Order.Backwards)
	row("events without a partition key (no ordering guarantee)", "", p.Order.Unkeyed)
	row("events moved to the overflow lane", "", p.Overflow.Bucket+p.Overflow.Forced+p.Overflow.Global)
}

// maxBars is how many bars a chart of partitions has; more partitions share bars.
const maxBars = 128

// partitionCharts draw how the events spread over the partitions, a chart a lane.
func partitionCharts(b *beside) (charts []*chart) {
	if b.Endpoint == nil {
		return nil
	}
	lanes := slices.Clone(b.Endpoint.Pipeline.Lanes)
	slices.SortStableFunc(lanes, func(x, y pipeline.LaneCounts) int { return cmp.Compare(y.Events, x.Events) })
	for i, lane := range lanes[:min(len(lanes), 6)] {
		if len(lane.Partitions) == 0 {
			continue
		}
		var expected *preflight.Report
		if i == 0 && b.Check != nil && b.Check.Partitions.Count == len(lane.Partitions) {
			expected = b.Check
		}
		charts = append(charts, partitionChart(lane, expected))
	}
	return charts
}

// partitionChart draws one lane, and how high the preflight saw its hottest
// partition.
func partitionChart(lane pipeline.LaneCounts, expected *preflight.Report) *chart {
	n := len(lane.Partitions)
	c := &chart{Title: "Partitions of the " + text.Printable(lane.Lane, 30) + " lane", XName: "partition",
		Note: fmt.Sprintf("%s events over %d partitions", text.Count(lane.Events), n)}
	mean, high := float64(lane.Events)/float64(n), float64(slices.Max(lane.Partitions))
	if expected != nil {
		high = math.Max(high, float64(expected.Partitions.Max))
	}
	x := plot.Axis{Low: 0, High: float64(n), From: left, To: right}
	y, ticks := plainAxis(high)
	c.XTicks, c.YTicks = partitionTicks(n, x), ticks
	c.Legend = []key{{"fill bar", "events"}, {"fill s0", "hottest"}, {"ink dashed", "mean"}}
	c.Shapes = []shape{
		{"fill bar", ""},
		{"fill s0", ""},
		{"line ink dashed", plot.Line([]float64{left, right}, []float64{y.At(mean), y.At(mean)})},
	}
	for from, width := 0, (n+maxBars-1)/maxBars; from < n; from += width {
		c.bar(stretch{from, min(from+width, n), lane.Partitions}, x, y)
	}
	if expected != nil {
		at := y.At(float64(expected.Partitions.Max))
		c.Shapes = append(c.Shapes, shape{"line b dashed", plot.Line([]float64{left, right}, []float64{at, at})})
		c.Legend = append(c.Legend, key{"b dashed", "hottest, predicted"})
	}
	return c
}

// stretch is the partitions from one to before another.
type stretch struct {
	from, to int
	all      []int64 // events of every partition
}

// bar draws a stretch of partitions as one, as high as the highest of them.
func (c *chart) bar(s stretch, x, y plot.Axis) {
	most, all := slices.Max(s.all[s.from:s.to]), slices.Max(s.all)
	x1, x2 := x.At(float64(s.from)), x.At(float64(s.to))
	gap := math.Min(1, (x2-x1)/6)
	at := 0
	if most == all && all > 0 {
		at = 1
	}
	c.Shapes[at].Path += plot.Block(x1+gap/2, x2-gap/2, y.At(0), y.At(float64(most)))
	said := fmt.Sprintf("partition %d: %s events", s.from, text.Count(most))
	if s.to-s.from > 1 {
		said = fmt.Sprintf("partitions %d to %d: at most %s events", s.from, s.to-1, text.Count(most))
	}
	c.hit(x, float64(s.from), float64(s.to), said)
}

// partitionTicks number every so many partitions.
func partitionTicks(n int, x plot.Axis) (ticks []tick) {
	step := 1
	for _, s := range []int{2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048} {
		if n/step > 8 {
			step = s
		}
	}
	for i := 0; i < n; i += step {
		ticks = append(ticks, tick{plot.Place(x.At(float64(i) + 0.5)), strconv.Itoa(i)})
	}
	return ticks
}
