package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"rehearse/generator"
	"rehearse/recording"
	"rehearse/results"
	"rehearse/results/otlp"
	"rehearse/scenario"
)

// rehearsal is one run of a scenario.
type rehearsal struct {
	env        env
	scenario   *scenario.Scenario
	source     *generator.Opened
	part       part
	flags      runFlags
	id         string
	target     string
	resumes    *resumption // nil: it starts from the beginning
	endpoint   *embedded   // nil: it is another's
	authorized *authorization
}

// runID names a run: when it started, to the second, and a few digits more so
// that two of one second differ.
func runID() string {
	now := time.Now().UTC()
	return fmt.Sprintf("%s-%04x", now.Format("20060102T150405Z"), now.Nanosecond()>>14&0xffff)
}

// lead is how long before the first due time a run begins to build bodies.
const lead = 300 * time.Millisecond

// collectAt is how much garbage, in percent of what is in use, is worth a
// collection. A run makes hardly any, so that half of what Go thinks fit costs
// nothing and keeps the process smaller.
const collectAt = 50

// run sends everything and returns the path of the run directory.
func (r *rehearsal) run() (string, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(collectAt))
	to, err := r.destination()
	if err != nil {
		return "", err
	}
	push, err := r.pushConfig()
	if err != nil {
		return "", err
	}
	path := r.directory()
	soft, hard, release := r.env.deadlines(context.Background())
	defer release()
	soft, abort := context.WithCancelCause(soft)
	defer abort(nil)
	check := forecast(r.scenario, &to)
	resolved, err := r.resolved() // before the start, because recordings are read for it
	if err != nil {
		return "", err
	}
	start := r.part.begin()
	r.authorized.announce(r.env, start, r.source.Plan.Span)
	manifest := r.manifest(start, resolved)
	view, err := startLive(r.flags.live, &manifest, func() { abort(errStopped) })
	if err != nil {
		return "", err
	}
	defer view.end(filepath.Join(path, reportFile))
	view.announce(r.env.stderr)
	directory, err := results.Create(path, manifest)
	if err != nil {
		return "", err
	}
	if err := errors.Join(keepCheck(path, check), r.resumes.write(path), r.authorized.write(path)); err != nil {
		return "", errors.Join(err, directory.Abandon())
	}
	r.authorized.watch(soft, abort)
	closeQuarantine := r.source.Quarantine(filepath.Join(path, recording.QuarantineFile))
	clock := &clockWatch{}
	w := watchers{
		clock: clock, directory: directory, progress: newProgress(r, path, r.source.Follow()), view: view,
		push: otlp.New(hard, push, &manifest), aborts: results.NewAborts(r.scenario.Aborts), abort: abort,
	}
	builders, giveBack := spareProcessor()
	defer giveBack()
	summary, err := generator.Run(soft, hard, generator.Config{
		Scenario: r.scenario, Source: r.source, Plan: r.source.Plan, Destination: to, Start: start, Builders: builders,
		EventBytes: eventBytes(check), Limit: r.authorized.limit, Observe: w.observe, Clock: clock.hear, Reach: w.mayLeave,
	})
	w.progress.end()
	endPush(w.push, r.env.stderr)
	if failed := closeQuarantine(); err == nil {
		err = failed
	}
	if err != nil {
		return "", err
	}
	counted := r.endpoint.write(path) // before the verdict: the books are held against it
	final := r.ending(summary, context.Cause(soft))
	final.Note = joinNotes(clock.note(), withheldNote(summary.Withheld))
	final.EndpointSum = r.endpoint.compare(hard, r, directory)
	result, err := directory.Close(final)
	if err != nil {
		return "", r.unwritten(path, result)
	}
	return path, counted
}

// unwritten prints what a run came to whose directory lacks something, of a full
// disk say: it is not to be had a second time. It is invalid, and says for what.
func (r *rehearsal) unwritten(path string, result *results.Result) error {
	run, err := results.Open(path)
	if err != nil {
		run = &results.Run{Path: path}
	}
	run.Result = result
	return printRun(r.env, run, r.flags.json)
}

// spareProcessor returns how many processors there are for building bodies, and
// lets the runtime run one thread more until that is given back. Builders would
// otherwise hold every processor when a sender wakes up; this way the kernel, which
// favours whoever slept, decides.
func spareProcessor() (builders int, giveBack func()) {
	n := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(n + 1)
	return n, func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - 1) } // another run may have one as well
}

// directory is where the run is written.
func (r *rehearsal) directory() string {
	if r.flags.out != "" {
		return r.flags.out
	}
	return filepath.Join("results", "runs", r.id+"-"+fileName(r.scenario.Name))
}

// fileName keeps what is safe in a file name.
func fileName(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, name)
}

// resolved is the scenario as the run directory keeps it.
func (r *rehearsal) resolved() ([]byte, error) {
	recordings, err := r.source.Recordings()
	if err != nil {
		return nil, err
	}
	text, err := r.scenario.Resolved(recordings)
	if err != nil {
		return nil, fmt.Errorf("cannot keep the scenario: %w", err)
	}
	return text, nil
}

// manifest is what is known about the run before it starts.
func (r *rehearsal) manifest(start time.Time, resolved []byte) results.Manifest {
	m := results.Manifest{
		RunID: r.id, Scenario: r.scenario.Name, SHA256: r.scenario.SHA256(), StartedAt: start,
		Target: r.target, Permit: r.authorized.id(), Planned: planned(r.source.Plan), ScenarioYAML: r.scenario.Redacted(), Resolved: resolved, Thresholds: r.scenario.Thresholds,
		Connections: r.scenario.Target.Connections, Shard: r.part.shard, Stages: r.scenario.Load.Stretches, Warnings: r.source.Plan.Notes(),
	}
	if r.scenario.Traffic != nil {
		m.Seed = r.scenario.Traffic.Seed
	}
	return m
}

// planned is a plan as the result states it.
func planned(p generator.Plan) results.Planned {
	return results.Planned{
		Events: p.Events, Requests: p.Requests, PeakEvents: p.Peak, Whole: p.Whole, Recording: p.Recording,
		Lines: p.Lines, LeftOut: p.LeftOut, MostLeftOut: p.MostOut,
	}
}
