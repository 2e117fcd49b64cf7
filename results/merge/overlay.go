package merge

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
)

// write writes the course of the whole: the intervals of one shard's log are the
// grid, and what the others did counts where its middle lies.
func (m *merger) write(d *rundir.Directory) error {
	if err := m.addTotals(); err != nil {
		return err
	}
	leftOut, err := m.mergeRejected(d)
	if err != nil {
		return err
	}
	m.total.LeftOut = leftOut
	refusals, retries := m.total.Refusals, m.total.Retries
	courses := make([]*shardLog, len(m.inputs))
	for i, s := range m.inputs {
		courses[i] = openShardLog(s)
		defer courses[i].close()
	}
	if err := errors.Join(m.eachRange(d.AppendLedger), d.AppendLedger(m.lostOnes)); err != nil {
		return err
	}
	grid, told := courses[m.grid()], false
	m.from = min(m.from, grid.end()-1)
	var from time.Duration
	for {
		grid = next(grid, courses, from)
		to, more := grid.nextEnd()
		iv, err := m.overlay(courses, from, to, !more)
		if err != nil {
			return err
		}
		if !more && from > 0 && iv.To <= from && iv.Due() == 0 {
			return nil // the first shard was the last to end
		}
		if !told && (!more || to > m.from) {
			m.addLost(iv)
			told = true
		}
		for _, rule := range m.aborts {
			rule.observe(iv)
		}
		addWithoutRefusals(m.total, &iv.Tally, refusals)
		m.total.LeftOut, m.total.Retries = leftOut, retries
		iv.Total = m.total
		if err := d.Write(iv); err != nil || !more {
			return err
		}
		from = iv.To
	}
}

// grid is the first shard that came to its end, or else the one that came furthest.
func (m *merger) grid() (furthest int) {
	for i, s := range m.inputs {
		if s.Result.Run.Ended == results.Completed {
			return i
		}
		if s.Result.Run.Seconds > m.inputs[furthest].Result.Run.Seconds {
			furthest = i
		}
	}
	return furthest
}

// next is the log that goes on where the grid has ended, if one does for seconds: that of
// a run that was resumed later.
func next(grid *shardLog, courses []*shardLog, from time.Duration) *shardLog {
	for _, c := range courses {
		if grid.line == nil && c.line != nil && c.end() > from+2*time.Second {
			return c
		}
	}
	return grid
}

// addWithoutRefusals adds other, but for its refusals: those are known already, and
// better.
func addWithoutRefusals(t *results.Tally, other *results.Tally, refusals map[results.Refusal]results.Count) {
	t.Refusals = map[results.Refusal]results.Count{}
	if t.Unstalled != nil {
		t.Unstalled.Refusals = map[results.Refusal]results.Count{}
	}
	t.Add(other)
	t.Refusals = refusals
	if t.Unstalled != nil {
		t.Unstalled.Refusals = refusals
	}
}

// overlay adds up what the inputs did until to, or all that is left.
func (m *merger) overlay(courses []*shardLog, from, to time.Duration, last bool) (*results.Interval, error) {
	iv := results.NewInterval()
	iv.From, iv.To = from, to
	for _, c := range courses {
		if err := c.addUntil(iv, to, last); err != nil {
			return nil, err
		}
	}
	for reason, h := range iv.ByReason {
		name := capture.Reason(reason)
		if h != nil && name != capture.Accepted {
			kind := results.Refusal{Reason: name, Status: m.status[name.String()]}
			iv.Refusals[kind] = results.Count{Requests: h.Count()}
		}
	}
	excuse(&iv.Tally)
	return iv, nil
}

// excuse takes from the tally without stalls what a stall may have broken: timelines
// do not tell it, but histograms do.
func excuse(t *results.Tally) {
	best := t.Unstalled
	if best == nil {
		return
	}
	for i, h := range t.ByReason {
		reason := capture.Reason(i)
		if h == nil || !results.BreaksByStall(reason) {
			continue
		}
		broken := results.Count{Requests: h.Count() - best.LatencyOf(reason).Count()}
		// how many events were in just these is not written down
		if all := best.Fates[reason.Fate()]; all.Requests > 0 {
			broken.Events = all.Events * broken.Requests / all.Requests
		}
		best.Fates[reason.Fate()] = best.Fates[reason.Fate()].Minus(broken)
		best.Fates[capture.FateAccepted] = best.Fates[capture.FateAccepted].Plus(broken)
	}
}

// shardLog is what a shard wrote down by the second, read once from its beginning.
type shardLog struct {
	shard *input
	next  func() (*rundir.HistogramLine, error, bool)
	stop  func()
	line  *rundir.HistogramLine // the next of the log; nil: none is left
	best  float64               // where the last interval begins that has lines without stalls; they stand first
	err   error

	nextRow func() (*results.Row, error, bool)
	stopRow func()
	row     *results.Row // the next of the timeline; nil: none is left
}

// openShardLog opens the log of a shard.
func openShardLog(s *input) *shardLog {
	c := &shardLog{shard: s, best: -1}
	c.next, c.stop = iter.Pull2(s.Histograms())
	c.nextRow, c.stopRow = iter.Pull2(s.Rows())
	c.advance()
	c.advanceRow()
	return c
}

// close ends the reading.
func (c *shardLog) close() {
	c.stop()
	c.stopRow()
}

// advanceRow goes on to the next row of the timeline. One that cannot be read ended the
// course of the shard when that was added up, too.
func (c *shardLog) advanceRow() { c.row, _, _ = c.nextRow() }

// advance goes on to the next line of the log. That of a killed run may break off.
func (c *shardLog) advance() {
	c.line, c.err, _ = c.next()
	if c.shard.killed() && errors.Is(c.err, rundir.ErrTorn) {
		c.err = nil
	}
}

// nextEnd is where the next interval of the log ends, on the clock of the whole;
// more is false if it is the last, or there is none.
func (c *shardLog) nextEnd() (end time.Duration, more bool) {
	if c.line == nil {
		return c.end(), false
	}
	return results.FromSeconds(c.line.To) + c.shard.offset, true
}

// end is where the run of the shard ends, on the clock of the whole.
func (c *shardLog) end() time.Duration {
	return results.FromSeconds(c.shard.Result.Run.Seconds) + c.shard.offset
}

// addUntil adds to the interval what the shard did until to, or all that is left,
// which then ends the interval later.
func (c *shardLog) addUntil(iv *results.Interval, to time.Duration, last bool) error {
	within := func(from, end float64) bool { return last || results.FromSeconds((from+end)/2)+c.shard.offset < to }
	for c.line != nil && within(c.line.From, c.line.To) {
		if err := c.addLine(&iv.Tally); err != nil {
			return err
		}
		iv.To = max(iv.To, c.ended(c.line.To, last))
		c.advance()
	}
	iv.InFlight = iv.InFlight.Plus(c.addRows(iv, within, last))
	if c.err != nil {
		return fmt.Errorf("%q: %w", c.shard.Path, c.err)
	}
	return nil
}

// addLine adds the next line of the log to the tally, and to the one without stalls
// unless its interval has lines of its own for that.
func (c *shardLog) addLine(t *results.Tally) error {
	plain, best := c.line.AtBest()
	switch {
	case c.shard.superseded && best:
		return nil
	case c.shard.superseded:
		return c.line.AddAcceptedTo(t)
	case best:
		c.best = c.line.From
		return plain.AddTo(t.WithUnstalled())
	case t.Unstalled != nil && c.line.From != c.best:
		if err := c.line.AddTo(t.Unstalled); err != nil {
			return err
		}
	}
	return c.line.AddTo(t)
}

// ended is where something ended, if that may still move the end of the interval.
func (c *shardLog) ended(to float64, last bool) time.Duration {
	if !last {
		return 0
	}
	return results.FromSeconds(to) + c.shard.offset
}

// addRows adds the rows of the timeline that lie within, and returns what was in
// flight after the last of them.
func (c *shardLog) addRows(
	iv *results.Interval, within func(from, to float64) bool, last bool,
) (inFlight results.Count) {
	var target, length float64
	for ; c.row != nil && within(c.row.From, c.row.To); c.advanceRow() {
		row := c.row
		if c.shard.superseded {
			row = superseded(*row)
		}
		addRow(&iv.Tally, row)
		if iv.Unstalled != nil {
			addRow(iv.Unstalled, unstalled(*row))
		}
		iv.To = max(iv.To, c.ended(row.To, last))
		if row.Stalled > 0 {
			end := results.FromSeconds(row.To) + c.shard.offset
			iv.Stalls = append(iv.Stalls, results.Stall{From: end - results.FromSeconds(row.Stalled/1000), To: end})
		}
		inFlight = row.InFlight
		target, length = target+row.Target*(row.To-row.From), length+row.To-row.From
	}
	if length > 0 {
		iv.Target += target / length
	}
	return inFlight
}

// superseded is the row of a run that was resumed: what was not accepted is no end.
func superseded(r results.Row) *results.Row {
	sent := r.Accepted.Plus(r.Rejected).Plus(r.Ambiguous).Requests
	r.Retried += sent - r.Accepted.Requests
	r.Rejected, r.Ambiguous, r.Unsent, r.ExpectedRefused = results.Count{}, results.Count{}, results.Count{}, 0
	return &r
}

// unstalled is the row without the requests that left late for a stall.
func unstalled(r results.Row) *results.Row {
	r.LateStall = 0
	return &r
}

// addRow counts what a row of a timeline counts. What was unsent has no
// histogram to say why.
func addRow(t *results.Tally, row *results.Row) {
	for fate, count := range map[capture.Fate]results.Count{
		capture.FateAccepted: row.Accepted, capture.FateRejected: row.Rejected,
		capture.FateAmbiguous: row.Ambiguous, capture.FateUnsent: row.Unsent,
	} {
		t.Fates[fate] = t.Fates[fate].Plus(count)
	}
	late := row.LateBuild + row.LatePace + row.NoConnection + row.Held + row.LateStall
	sent := row.Accepted.Plus(row.Rejected).Plus(row.Ambiguous).Requests
	t.Late[results.LateBuild].Requests += row.LateBuild
	t.Late[results.LatePace].Requests += row.LatePace
	t.Late[results.NoConnection].Requests += row.NoConnection
	t.Late[results.Held].Requests += row.Held
	t.Late[results.LateStall].Requests += row.LateStall
	t.Late[results.OnTime].Requests += max(sent-late, 0) // of a superseded row late ones may be none of these
	t.BodyBytes += row.BodyBytes
	t.WireBytes += row.WireBytes
	t.Latency.AddOverflow(row.Overflow)
	t.LeftOut += row.LeftOut
	t.Retries += row.Retried
	t.ExpectedRefused += row.ExpectedRefused
}
