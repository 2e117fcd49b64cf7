package rehearsal

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"rehearse/generator"
	"rehearse/internal/preflight"
	"rehearse/internal/recording"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
)

// stream is what one generator sends, with the directory that it is written to.
type stream struct {
	watchers
	of       *rehearsal
	forecast *preflight.Report
	resolved []byte // the scenario, as the directory keeps it
	path     string
	manifest results.Manifest

	closeQuarantine func() error
}

// stream readies what is sent: recordings are read for it, which takes its time.
func (r *rehearsal) stream() (s *stream, err error) {
	s = &stream{of: r, forecast: Forecast(r.scenario, &r.to)}
	s.resolved, err = r.resolved()
	return s, err
}

// startAt says when the stream starts, where it is written to, and what ends it.
func (s *stream) startAt(start time.Time, path string, abort context.CancelCauseFunc) {
	s.path, s.manifest = path, s.of.manifest(start, s.resolved)
	s.watchers = watchers{note: s.of.note, aborts: judge.NewAborts(s.of.scenario.Aborts), abort: abort}
}

// create makes the directory, and writes down what is known beforehand.
func (s *stream) create() (err error) {
	if s.directory, err = rundir.Create(s.path, s.manifest); err != nil {
		return err
	}
	err = errors.Join(keepForecast(s.path, s.forecast), s.of.resumes.write(s.path), s.of.authorized.write(s.path))
	if err != nil {
		return errors.Join(err, s.directory.Abandon())
	}
	s.closeQuarantine = s.of.source.Quarantine(filepath.Join(s.path, recording.QuarantineFile))
	return nil
}

// generate sends the stream.
func (s *stream) generate(soft, hard context.Context, builders int) (generator.Summary, error) {
	summary, err := generator.Run(soft, hard, generator.Config{
		Scenario: s.of.share(), Source: s.of.source, Plan: s.of.source.Plan, Destination: s.of.to,
		Start:    s.manifest.StartedAt,
		Builders: builders, EventBytes: eventBytes(s.forecast), Limit: s.of.authorized.limit,
		Observe: s.observe, Clock: s.clock.hear, Reach: s.mayLeave,
	})
	s.progress.End()
	s.endPush()
	return summary, errors.Join(err, s.closeQuarantine())
}
