package rehearsal

import (
	"context"
	"fmt"
	"time"

	"rehearse/generator/dryrun"
	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/recording"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/staging"
)

// serve starts the embedded endpoint, if the scenario has no other target.
func (r *rehearsal) serve() (err error) {
	if r.scenario.Target.URL != "" {
		return nil
	}
	if r.endpoint, err = staging.Start(StagingConfig(&r.scenario.Staging)); err != nil {
		return fmt.Errorf("cannot start the embedded endpoint: %w", err)
	}
	r.onClose(r.endpoint.Close)
	return nil
}

// target is the URL that the run sends to.
func (r *rehearsal) target() string {
	if r.endpoint != nil {
		return r.endpoint.URL
	}
	return r.scenario.Target.URL
}

// keepCounts leaves what the embedded endpoint has counted in the run directory, as it
// answers it under /_rehearse/stats. Another endpoint is not ours to ask.
func (r *rehearsal) keepCounts(directory string) error {
	if r.endpoint == nil {
		return nil
	}
	if err := keepJSON(directory, rundir.EndpointFile, r.endpoint.Stats()); err != nil {
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

// compare holds what the endpoint kept of all streams against what their ledgers call
// accepted; nil for another's endpoint. Where it is not known which events it should
// have kept, that is said.
func (r *rehearsal) compare(ctx context.Context, streams []*stream) *results.EndpointSum {
	if r.endpoint == nil {
		return nil
	}
	stats := r.endpoint.Stats()
	c := &results.EndpointSum{Verdict: results.SumNotCompared, Events: stats.Events.Accepted, Kept: stats.Checksum}
	ledgers := make([]*rundir.Ledger, len(streams))
	for i, s := range streams {
		var err error
		if ledgers[i], err = s.directory.Fates(); err != nil {
			c.Because = err.Error()
			return c
		}
	}
	if c.Because = incomparable(streams, ledgers, &stats); c.Because != "" {
		return c
	}
	begun := time.Now()
	sum, err := sumOf(ctx, streams, ledgers)
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

// mostNamed is how many events are counted by name after a run: a second's work.
const mostNamed = 5_000_000

// breakdown counts the events of a stream by name and token; nil where they are too many,
// or it is not known what became of them.
func (s *stream) breakdown(ctx context.Context) *results.Breakdown {
	ledger, err := s.directory.Fates()
	if err != nil || len(ledger.Damage) > 0 {
		return nil
	}
	var events int64
	for _, n := range ledger.Fates() {
		events += n
	}
	if events > mostNamed {
		return nil
	}
	b, err := s.of.source.Breakdown(ctx, ledger.Ranges)
	if err != nil { // it was told to stop
		return nil
	}
	return b
}

// sumOf adds up the accepted events of all streams, built again.
func sumOf(ctx context.Context, streams []*stream, ledgers []*rundir.Ledger) (sum dryrun.Sum, err error) {
	for i, s := range streams {
		one, err := dryrun.SumAccepted(ctx, s.of.source, s.of.scenario, accepted(ledgers[i].Ranges), staging.Checksum)
		if err != nil {
			return sum, err
		}
		sum.Hash, sum.Events = sum.Hash+one.Hash, sum.Events+one.Events
	}
	return sum, nil
}

// incomparable says why it is not known which events the endpoint should have kept,
// or why that is too much to find out; empty: it is known.
func incomparable(streams []*stream, ledgers []*rundir.Ledger, stats *staging.Stats) string {
	var ambiguous, taken, recorded int64
	for i, l := range ledgers {
		fates := l.Fates()
		ambiguous, taken = ambiguous+fates[capture.FateAmbiguous], taken+fates[capture.FateAccepted]
		if replay := streams[i].of.scenario.Replay; replay != nil {
			recorded += recording.Size(replay.Paths)
		}
	}
	switch {
	case ambiguous > 0:
		return fmt.Sprintf("of %s events it is not known whether they arrived", text.Count(ambiguous))
	case stats.Events.Accepted != taken:
		return fmt.Sprintf("%s events were accepted, and the endpoint kept %s", text.Count(taken),
			text.Count(stats.Events.Accepted))
	case stats.Pipeline.OverQuota+stats.Pipeline.Dropped > 0:
		return fmt.Sprintf("the endpoint dropped %s of the events that it accepted",
			text.Count(stats.Pipeline.OverQuota+stats.Pipeline.Dropped))
	case taken > mostCompared:
		return fmt.Sprintf("more than %s events were accepted", text.Count(mostCompared))
	case recorded > mostRecordedCompared:
		return "the recording is larger than " + text.Size(mostRecordedCompared)
	}
	return ""
}

// StagingConfig is what a scenario says of the staging endpoint, in the
// endpoint's own words.
func StagingConfig(s *scenario.Staging) staging.Config {
	c := staging.Config{
		Work:     staging.Work{Capacity: s.Capacity, Concurrency: s.Concurrency, Costs: s.Costs},
		Pipeline: pipeline.Config{Facts: s.Behind(), Partitions: s.Partitions}, Policy: s.Policy(),
		HistoricalAfter: s.Setup.HistoricalAfter, NoV1: s.Setup.NoV1,
	}
	c.Generation = s.Generation
	for _, m := range s.Script {
		c.Script = append(c.Script, phaseOf(&m))
	}
	return c
}

// phaseOf is one entry of a script.
func phaseOf(m *scenario.Mishap) staging.Phase {
	p := staging.Phase{
		From: m.From, To: m.To, Stall: m.Stall, Delay: staging.Delay(m.Delay), Read: int(m.ReadBytes),
		RetryAfter:  m.RetryAfter,
		ResetBefore: m.ResetBefore, Reset: m.Reset, Truncate: m.Truncate, Drop: m.Drop, NotPersisted: m.Again,
		Stored: m.Stored,
	}
	for _, r := range m.Reject {
		p.Reject = append(p.Reject, staging.Rejection(r))
	}
	return p
}
