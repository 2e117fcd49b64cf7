package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"rehearse/capture"
	"rehearse/recording"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// write leaves what the embedded endpoint has counted in the run directory, as
// it answers it under /_rehearse/stats. Another endpoint, a nil e, is not ours
// to ask.
func (e *embedded) write(directory string) error {
	if e == nil {
		return nil
	}
	if err := keepJSON(directory, results.EndpointFile, e.server.Stats()); err != nil {
		return fmt.Errorf("cannot write what the endpoint counted: %w", err)
	}
	return nil
}

// The bounds of what is built again after a run to be held against the endpoint's
// checksum: a few seconds on two cores.
const (
	mostCompared         = 2_000_000 // events
	mostRecordedCompared = 256 << 20 // bytes of recordings
)

// compare holds what the endpoint kept of a run against what the ledger calls
// accepted; nil for another's endpoint. Where nobody knows which events it should
// have kept, that is said.
func (e *embedded) compare(ctx context.Context, r *rehearsal, d *results.Directory) *results.EndpointSum {
	if e == nil {
		return nil
	}
	stats := e.server.Stats()
	c := &results.EndpointSum{Verdict: results.SumNotCompared, Events: stats.Events.Accepted, Kept: stats.Checksum}
	ledger, err := d.Fates()
	if err == nil {
		c.Because = incomparable(ledger, &stats, r.scenario)
	} else {
		c.Because = err.Error()
	}
	if c.Because != "" {
		return c
	}
	begun := time.Now()
	sum, err := r.source.SumAccepted(ctx, r.scenario, accepted(ledger.Ranges), staging.Checksum)
	c.Seconds = time.Since(begun).Round(time.Millisecond).Seconds()
	if err != nil {
		c.Because = err.Error()
		return c
	}
	c.Sent = fmt.Sprintf("%016x", sum.Hash)
	if c.Verdict = results.SumDiffers; sum.Events == c.Events && c.Sent == c.Kept {
		c.Verdict = results.SumMatches
	}
	return c
}

// incomparable says why it is not known which events the endpoint should have kept,
// or why that is too much to find out; empty: it is known.
func incomparable(l *results.Ledger, stats *staging.Stats, s *scenario.Scenario) string {
	fates := l.Fates()
	taken := fates[capture.FateAccepted]
	switch {
	case fates[capture.FateAmbiguous] > 0:
		return fmt.Sprintf("of %s events it is not known whether they arrived", humanize.Comma(fates[capture.FateAmbiguous]))
	case stats.Events.Accepted != taken:
		return fmt.Sprintf("%s events were accepted, and the endpoint kept %s", humanize.Comma(taken), humanize.Comma(stats.Events.Accepted))
	case stats.Pipeline.OverQuota+stats.Pipeline.Dropped > 0:
		return fmt.Sprintf("the endpoint dropped %s of the events that it accepted",
			humanize.Comma(stats.Pipeline.OverQuota+stats.Pipeline.Dropped))
	case taken > mostCompared:
		return fmt.Sprintf("more than %s events were accepted", humanize.Comma(mostCompared))
	case s.Replay != nil && recording.Size(s.Replay.Paths) > mostRecordedCompared:
		return "the recording is larger than " + humanize.Bytes(mostRecordedCompared)
	}
	return ""
}
