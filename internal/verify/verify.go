package verify

import (
	"context"
	"errors"
	"io"
	"time"
)

// Result is a report, and the events that it names.
type Result struct {
	Report Report
	named  named
}

// WriteEvents writes a line of JSON for each event that is named.
func (r *Result) WriteEvents(out io.Writer) error { return r.named.write(out) }

// Options say how a source is held against a run.
type Options struct {
	Thresholds []Threshold
	Persons    *Source // says which person each distinct_id has; nil: not asked for

	Watch *Watch // waits for what is not there yet; nil: the source is read once

	Progress func(read, all int64) // told now and then how far the source was read; nil: not called
}

// Hold reads a source and holds it against a run. That the source cannot be read to
// its end is no error, but makes the report invalid; so does the end of reading, a
// context. The end of all gives up.
func Hold(reading, all context.Context, run *Run, source *Source, o Options) (*Result, error) {
	began := time.Now()
	if run.Replay != nil && run.replayed == nil {
		var err error
		if run.replayed, err = readReplay(all, run, source.Sent); err != nil {
			return nil, err
		}
	}
	g, err := gather(reading, run, source, &o)
	if err != nil {
		return nil, err
	}
	p, unread := g.pass, g.unread
	read, size := source.Position()
	c := newCheck(p, source)
	c.complete = unread == nil && p.rows.First+c.toldRows() > 0
	if o.Persons != nil {
		c.merges = newMerges()
		if p.replay != nil {
			c.merges.missed = p.replay.missed
		}
	}
	if err := c.checkAll(all); err != nil { // what was read is checked, whatever ended the reading
		return nil, err
	}
	r := &Result{Report: c.report(unread), named: p.named}
	r.Report.Drain = g.drain
	r.Report.Source.Read, r.Report.Source.All = read, size
	if unread == nil {
		r.Report.Notes = append(r.Report.Notes, c.findAltered(reading, &r.Report.Content)...)
	} else if n := int64(len(c.unequal)); n > 0 {
		r.Report.Content.Altered, r.Report.Content.Blocks, r.Report.Content.AtLeast = n, n, true
	}
	if o.Persons != nil {
		r.Report.Persons = c.holdPersons(reading, o.Persons)
	}
	if p.replay != nil {
		if err := errors.Join(p.nameReplayed(all), p.replay.failed); err != nil {
			return nil, err
		}
	}
	if source.Notes != nil {
		r.Report.Notes = append(r.Report.Notes, source.Notes()...)
	}
	r.Report.Source.Seconds = time.Since(began).Round(time.Millisecond).Seconds()
	r.Report.judge(run, o.Thresholds, unread)
	return r, nil
}

// newCheck prepares to hold what a pass saw against what was sent.
func newCheck(p *pass, source *Source) *check {
	c := &check{pass: p, compared: p.compared()}
	c.hear(source)
	return c
}

// hear takes in what the source told in sums.
func (c *check) hear(source *Source) {
	if source.Told == nil {
		return
	}
	if c.told = source.Told(); c.told == nil {
		return
	}
	c.times.sampled = c.times.sampled || c.told.Rows > 0
	if c.told.Latest.After(c.times.latest) {
		c.times.latest = c.told.Latest
	}
}

// toldRows is how many rows the source told in sums.
func (c *check) toldRows() int64 {
	if c.told == nil {
		return 0
	}
	return c.told.Rows
}

// summed tells whether a part was compared in sums.
func (c *check) summed(part int) bool {
	return c.toldRows() > 0 && (part == partName && c.told.Name || part == partID && c.told.DistinctID)
}

// compared are the parts that every usable row of the run has, or some have: one that
// none has cannot be compared.
func (p *pass) compared() (has [parts]bool) {
	for part, n := range p.has {
		has[part] = n > 0
	}
	return has
}

// report is all but what is altered, and the verdict.
func (c *check) report(unread error) Report {
	r := Report{
		Format: Format,
		Run: RunRow{
			ID: c.run.ID, Scenario: c.run.Name, Seed: c.run.Seed(), Attempts: len(c.run.Attempts),
			StartedAt:  c.times.origins[0].UTC().Format(time.RFC3339Nano),
			ClosedLoop: c.run.Closed,
		},
		Source: SourceRow{Kind: c.source.Kind, Name: c.source.Name, Complete: unread == nil, Missing: []string{}},
		Rows:   c.rows,
		Events: c.events,
		Content: Content{
			Compared: []string{},
			Events:   c.content.Events,
			Summed:   c.content.Summed,
			Bytes:    c.hasher.sent,
			ByColumn: map[string]int64{},
		},
		Order: Order{Judged: c.source.InOrder && c.has[partID] > 0, Events: c.ordered, Misordered: c.misordered},
		Notes: append([]Note{}, c.run.Notes...),
	}
	r.Rows.Planned, r.Rows.Duplicated = c.planned, c.doubled+c.seen.forgotten
	r.Rows.First += c.content.Summed
	if c.told != nil {
		r.Rows.All += c.told.Rows + c.told.NoUUID
		r.Rows.Unusable[NoUUID] += c.told.NoUUID
	}
	for part, has := range c.compared {
		if has || c.summed(part) {
			r.Content.Compared = append(r.Content.Compared, partNames[part])
		} else {
			r.Source.Missing = append(r.Source.Missing, partNames[part])
		}
	}
	if unread != nil {
		r.Source.Why = unread.Error()
	}
	if c.seen.forgotten > 0 {
		r.Notes = append(r.Notes, Note{Code: NoteForgotten, Count: c.seen.forgotten})
	}
	if r.Visible = c.times.spread.report(c.times.ended, c.times.latest); c.times.sampled {
		r.Notes = append(r.Notes, Note{Code: NoteSampled, Count: c.times.spread.events})
	}
	return r
}
