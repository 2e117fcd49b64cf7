package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/footprint"
	"rehearse/internal/prometheus"
	"rehearse/internal/verify/kafka"
	"rehearse/results"
	"rehearse/results/metrics"
	"rehearse/results/otlp"
	"rehearse/results/report"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/staging"
)

// Run sends the traffic of a scenario, each batch when it is due, and returns what the
// run directory says of it. When soft ends nothing new is sent and what is in flight
// is awaited; when hard ends that is given up too.
//
// A run that was sent is returned, whatever its verdict, even if its directory lacks
// something for want of space: then its verdict is invalid. The error says why there
// was none; see Mistake. A shard that was not ready at the start is returned with the
// error: its directory says that it sent nothing.
func Run(soft, hard context.Context, o Options) (*rundir.Run, error) {
	r := &rehearsal{Options: o, id: o.RunID}
	if r.id == "" {
		r.id = newID()
	}
	footprint.ReleaseProgram() // what began the program
	defer footprint.CollectAt(collectAt)()
	defer r.close()
	for _, step := range []func() error{
		r.checkOptions,
		r.load,            // what is sent: the scenario, and the run that it resumes
		r.openBackground,  // the stream beside it
		r.open,            // the source, in the order of due times
		r.authorize,       // what the permit allows; none: this machine alone
		r.serve,           // the embedded endpoint, if the scenario has no other target
		r.notePlan,        // what is to be known of it beforehand
		r.route,           // where it goes, and that it may
		r.routeBackground, // the same of the stream beside
		r.routeMetrics,    // where its metrics go, and that they may
		r.routePrometheus, // where those of the target are asked for
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.send(soft, hard)
}

// rehearsal is one run of a scenario. It is filled in by one step after the other.
type rehearsal struct {
	Options
	id string

	scenario   *scenario.Scenario
	bound      *scenario.Scenario // what a permit has to bind: the scenario, without the trial that it is run as
	resumes    *resumption        // nil: it starts from the beginning
	source     *source.Opened
	authorized *authorization
	endpoint   *staging.Local // nil: it is another's
	to         transport.Destination
	metricRoutes
	background *rehearsal // what is sent beside; nil: nothing

	closing []func() // what the steps have taken, to be given back
}

// metricRoutes are where metrics go, and come from.
type metricRoutes struct {
	push       *otlp.Config         // nil: those of the run go nowhere
	prometheus *prometheus.Instance // that knows the target; nil: none does
	lags       *kafka.Lags          // of consumers behind the target; nil: the scenario asks for none
}

// close gives everything back, what was taken last first.
func (r *rehearsal) close() {
	for i := len(r.closing) - 1; i >= 0; i-- {
		r.closing[i]()
	}
}

// onClose has close call f.
func (r *rehearsal) onClose(f func()) { r.closing = append(r.closing, f) }

// newID names a run: when it started, to the second, and a few digits more so
// that two of one second differ.
func newID() string {
	now := time.Now().UTC()
	return fmt.Sprintf("%s-%04x", now.Format("20060102T150405Z"), now.Nanosecond()>>14&0xffff)
}

// Lead is how long before the first due time a run begins to build bodies.
const Lead = 300 * time.Millisecond

// How much garbage, in percent of what is in use, is worth a collection. A run makes little,
// so that half of what Go thinks fit costs nothing and keeps the process smaller. Synthesized
// events make none: what is left is that of writing down each second.
const (
	collectAt            = 50
	collectSynthesizedAt = 25
)

// send sends everything, and returns the finished run.
func (r *rehearsal) send(soft, hard context.Context) (*rundir.Run, error) {
	if r.scenario.Replay == nil {
		defer footprint.CollectAt(collectSynthesizedAt)()
	}
	soft, abort := context.WithCancelCause(soft)
	defer abort(nil)
	s, err := r.stream()
	if err != nil {
		return nil, err
	}
	b, err := r.prepareBackground()
	if err != nil {
		return nil, err
	}
	start, err := r.begin(soft)
	switch {
	case KindOf(err) == Late && r.Shard.Of > 1:
		return r.comeLate(err, s)
	case err != nil:
		return nil, err
	}
	r.authorized.announce(r.note, start, r.span())
	s.startAt(start, r.directory(), abort)
	view, err := startLive(&r.Serving, &s.manifest, r.span(), func() { abort(errStopped) })
	if err != nil {
		return nil, err
	}
	defer view.end(s.path)
	view.announce(r.note)
	s.show = view.observe
	if err = s.create(); err != nil {
		return nil, err
	}
	r.authorized.watch(soft, abort)
	footprint.ReleaseProgram() // what began the run
	s.push = otlp.New(hard, r.push, &s.manifest, metrics.RunStream)
	s.progress = r.progress(&Outlook{
		Name: r.scenario.Name, Plan: &r.source.Plan, Target: r.target(), Directory: s.path, Reading: r.source.Follow(),
		Closed: r.scenario.Load.Closed > 0,
	})
	builders, giveBack := spareProcessors(1 + len(b.streams()))
	defer giveBack()
	watch := r.watch(hard)
	defer watch.Stop(hard)
	if err = b.start(soft, hard, s, view, builders); err != nil {
		return nil, errors.Join(err, s.directory.Abandon())
	}
	summary, err := s.generate(soft, hard, builders)
	if err != nil {
		abort(err)
	}
	beside, failed := b.end(soft)
	if err = errors.Join(err, failed); err != nil {
		return nil, err
	}
	footprint.ReleaseProgram() // what sent
	final := r.final(summary, context.Cause(soft), &s.clock)
	final.Background = beside
	final.Metrics = watch.Stop(hard)
	final.Queue = r.queue(soft, final.Metrics)
	return r.conclude(hard, s, b, final)
}

// watch asks for the metrics of the target while the run goes on; nil: there are none.
func (r *rehearsal) watch(ctx context.Context) *prometheus.Watch {
	if len(r.scenario.Target.Metrics) == 0 {
		return nil
	}
	return prometheus.Start(ctx, r.ask, r.scenario.Target.Metrics)
}

// comeLate writes down that a shard sent nothing, because the others began without it:
// merge then knows that, and need not take what it was to send for lost.
func (r *rehearsal) comeLate(late error, s *stream) (*rundir.Run, error) {
	s.startAt(r.Start, r.directory(), func(error) {})
	if err := s.create(); err != nil {
		return nil, errors.Join(late, err)
	}
	unsent, err := r.source.NotStarted()
	if err == nil {
		err = s.directory.Write(unsent)
	}
	_, closed := s.directory.Close(results.Final{Ended: results.Late, Why: late.Error()})
	if err = errors.Join(err, closed, s.closeQuarantine()); err != nil {
		return nil, errors.Join(late, err)
	}
	run, err := finished(s.path)
	return run, errors.Join(late, err)
}

// conclude holds the books against what the embedded endpoint counted, judges the run
// and returns it.
func (r *rehearsal) conclude(hard context.Context, s *stream, b *background, final results.Final) (*rundir.Run, error) {
	counted := r.keepCounts(s.path) // before the verdict, which reads it
	final.EndpointSum = r.compare(hard, append([]*stream{s}, b.streams()...))
	final.Breakdown = s.breakdown(hard)
	result, err := s.directory.Close(final)
	switch {
	case err != nil:
		return unwritten(s.path, result), nil
	case counted != nil:
		return nil, counted
	}
	return finished(s.path)
}

// finished reads a run that is over, and leaves a report in its directory.
func finished(path string) (*rundir.Run, error) {
	run, err := rundir.Open(path)
	if err != nil {
		return nil, err
	}
	run.CrossCheck()
	return run, KeepReport(run)
}

// KeepReport writes the report of a run into its directory.
func KeepReport(run *rundir.Run) error {
	text, err := report.HTML(run)
	if err == nil {
		err = rundir.Replace(run.Path, reportFile, text)
	}
	if err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}

// unwritten is what a run came to whose directory lacks something, of a full disk
// say: it is not to be had a second time. It is invalid, and says for what.
func unwritten(path string, result *results.Result) *rundir.Run {
	run, err := rundir.Open(path)
	if err != nil {
		run = &rundir.Run{Path: path}
	}
	run.Result = result
	return run
}

// spareProcessors returns how many processors there are for building bodies, and lets the
// runtime run one thread more for each stream until that is given back: that which paces
// keeps a processor. Builders would otherwise hold every one when a request is due;
// this way the kernel, which favours what slept, decides.
func spareProcessors(streams int) (builders int, giveBack func()) {
	n := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(n + streams)
	return n, func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - streams) } // another run may have some as well
}

// directory is where the run is written.
func (r *rehearsal) directory() string {
	if r.Directory != "" {
		return r.Directory
	}
	name := r.id + "-" + fileName(r.scenario.Name)
	if r.resumes != nil { // which may have that name
		name = newID() + "-" + fileName(r.scenario.Name)
	}
	if r.RunID != "" && r.Shard.Of > 1 { // shards of one machine share the id
		name += fmt.Sprintf("-shard%d", r.Shard.Index)
	}
	return filepath.Join("results", "runs", name)
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
		Target: r.target(), Permit: r.authorized.id(), Planned: planned(r.source.Plan),
		ScenarioYAML: r.scenario.Redacted(), Resolved: resolved, Thresholds: r.scenario.Thresholds,
		Connections: r.share().Target.Connections, Shard: r.Shard, Stages: r.scenario.Load.Stages,
		Warnings: slices.Concat(r.source.Plan.Notes(), unjudged(r.scenario.Arrived)),
		Basis:    results.Basis{Version: Version, ClosedLoop: r.scenario.Load.Closed > 0},
	}
	if m.ClosedLoop {
		m.Planned = results.Planned{} // more than can be sent; what was sent is known at the end
	}
	for _, rule := range r.scenario.Aborts {
		m.AbortRules = append(m.AbortRules, rule.Text)
	}
	if r.resumes != nil {
		m.Planned.AcceptedBefore = &r.resumes.Accepted
	}
	if r.scenario.Traffic != nil {
		m.Seed = r.scenario.Traffic.Seed
	}
	return m
}

// unjudged says which thresholds a run leaves open.
func unjudged(arrived []scenario.ArrivalThreshold) (notes []string) {
	var names []string
	for i := range arrived {
		names = append(names, arrived[i].Text)
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"not judged by the run: " + strings.Join(names, ", ") +
		" (rehearse verify asks the other end what arrived, and judges them)"}
}

// planned is a plan as the result states it.
func planned(p source.Plan) results.Planned {
	return results.Planned{
		Events: p.Events, Requests: p.Requests, PeakEvents: p.Peak,
		Whole: p.Whole.Events, WholeRequests: p.Whole.Requests, Recording: p.Recorded.Checksum,
		Lines: p.Recorded.Lines, LeftOut: p.Recorded.LeftOut, MostLeftOut: p.Recorded.MostOut,
	}
}
