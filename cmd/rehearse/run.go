package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/generator"
	"rehearse/recording"
	"rehearse/results"
	"rehearse/scenario"
)

// runFlags is what the command line of run adds to the scenario: where and who.
type runFlags struct {
	target string
	token  string
	out    string
	set    []string
	seed   string
	quiet  bool
	json   bool
	live   string
	shard  string
	start  string
	resume string

	permit, signers string // files

	dial dialFunc // nil: TCP; tests bring their own

	network networkFlags
}

// newRun makes the verb run.
func newRun(w world) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Send a scenario's traffic and judge what came back",
		Long: `run sends the events of a scenario, each batch when it is due, to the
scenario's target (the embedded staging endpoint if it names none) and writes
a run directory: latency histograms, every rejected request, a timeline, a
ledger of what became of each event, and a verdict.

The first Ctrl-C starts nothing new, waits for what is in flight and sums up;
the second one stops at once. A run that is killed leaves a directory that
"rehearse report" reads up to its last second.

A target that is not this machine needs a permit, which the run then keeps to:
no second of it has more events than the permit's cap, every request names run,
permit and contact in the header X-Rehearsal, and everything pauses when an
answer says Retry-After. A run whose permit ends, by its window, its stop file
or its stop URL, exits with 105.

Where OTEL_EXPORTER_OTLP_ENDPOINT is set, the metrics of the run are pushed there
by OTLP over HTTP, every OTEL_METRIC_EXPORT_INTERVAL milliseconds and at the end.

The last line printed is the verdict with the exit code:
  0 pass   99 a threshold failed   104 the scenario is wrong   105 interrupted
  108 aborted by a rule of the scenario
  120 invalid: the generator was the bottleneck   121 refused   2 usage   1 internal`,
		Example: `  rehearse run scenarios/quickstart.yaml
  rehearse run scenarios/quickstart.yaml --target http://127.0.0.1:8010 --set target.connections=4
  rehearse run scenarios/quickstart.yaml --json | jq .latency_ms.p99`,
		Args: exactly("scenario file"),
		RunE: func(_ *cobra.Command, args []string) error { return rehearse(w, args[0], f) },
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&f.target, "target", "", "send to this `URL` instead of target.url (another than this machine needs a permit)")
	c.Flags().StringVar(&f.token, "token", "", "use this project `token`; better: put ${CAPTURE_TOKEN} into the file")
	c.Flags().StringVar(&f.out, "out", "", "write the run directory to `DIR` (default results/runs/<utc>-<name>)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "override one field, as in --set target.connections=4 (repeatable)")
	c.Flags().StringVar(&f.seed, "seed", "", "override traffic.seed with this `number`")
	c.Flags().StringVar(&f.live, "live", "", "serve the charts while it runs, a stop button and /metrics on this loopback `address`, as in 127.0.0.1:8799")
	c.Flags().StringVar(&f.shard, "shard", "", "send only this part of the batches, as in 0/4; merge judges all `i/N` together")
	c.Flags().StringVar(&f.start, "start-at", "", "start at this `time`, as in 2026-12-01T10:00:00Z, so that shards start together")
	c.Flags().StringVar(&f.resume, "resume", "", "continue the interrupted replay whose run directory is `DIR`")
	c.Flags().StringVar(&f.permit, "permit", "", "keep to the permit in this `file`: its hosts, window, cap and stops (see rehearse permit)")
	c.Flags().StringVar(&f.signers, "allowed-signers", "", "whose signatures on a permit count: a `file` as ssh-keygen has it (default: $"+signersVariable+")")
	f.network.define(c.Flags())
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	c.Flags().BoolVar(&f.json, "json", false, "print result.json instead of the report")
	return c
}

// overrides are the flags that change the scenario.
func (f *runFlags) overrides() []string {
	set := f.set
	if f.target != "" {
		set = append(set, "target.url="+f.target)
	}
	if f.token != "" {
		set = append(set, "target.token="+f.token)
	}
	if f.seed != "" {
		set = append(set, "traffic.seed="+f.seed)
	}
	return set
}

// rehearse is the main job.
func rehearse(w world, path string, f runFlags) error {
	s, err := scenario.LoadWith(path, scenario.Options{LookupEnv: os.LookupEnv, Set: f.overrides()})
	if err != nil {
		return err
	}
	p, err := readPart(f.shard, f.start)
	if err != nil {
		return err
	}
	source, plan, before, err := openSource(w, s, p, f.resume)
	if err != nil {
		return err
	}
	cleared, err := f.clear(s, p, source, plan)
	if err != nil {
		return err
	}
	target := s.Target.URL
	var endpoint *embedded
	if target == "" {
		if endpoint, err = startEmbedded(stagingConfig(&s.Staging)); err != nil {
			return err
		}
		defer endpoint.stop()
		target = endpoint.url()
	}
	for _, warning := range plan.Warnings {
		fmt.Fprintf(w.stderr, "note: %s\n", warning)
	}
	r := rehearsal{world: w, scenario: s, plan: plan, part: p, flags: f, id: runID(), target: target, resumes: before, cleared: cleared}
	path, err = r.run(source)
	if err != nil {
		return err
	}
	if err := endpoint.write(path); err != nil {
		return err
	}
	run, err := results.Open(path)
	if err != nil {
		return err
	}
	if err := writeHTML(run, filepath.Join(path, reportFile)); err != nil {
		return err
	}
	return printRun(w, run, f.json)
}

// rehearsal is one run of a scenario.
type rehearsal struct {
	world    world
	scenario *scenario.Scenario
	plan     generator.Plan
	part     part
	flags    runFlags
	id       string
	target   string
	resumes  *resumption // nil: it starts from the beginning
	cleared  *clearance
}

// runID names a run: when it started, to the second, and a few digits more so
// that two of one second differ.
func runID() string {
	now := time.Now().UTC()
	return fmt.Sprintf("%s-%04x", now.Format("20060102T150405Z"), now.Nanosecond()>>14&0xffff)
}

// lead is how long before the first due time a run begins to build bodies.
const lead = 300 * time.Millisecond

// run sends everything and returns the path of the run directory.
func (r *rehearsal) run(source generator.Source) (string, error) {
	to, err := r.destination()
	if err != nil {
		return "", err
	}
	path := r.directory()
	soft, hard, release := r.world.deadlines(context.Background())
	defer release()
	soft, abort := context.WithCancelCause(soft)
	defer abort(nil)
	check := foretold(r.scenario, &to)
	start := r.part.begin()
	r.cleared.announce(r.world, start, r.plan.Span)
	manifest := r.manifest(start)
	view, err := startLive(r.flags.live, &manifest, func() { abort(errStopped) })
	if err != nil {
		return "", err
	}
	defer view.end(filepath.Join(path, reportFile))
	view.announce(r.world.stderr)
	directory, err := results.Create(path, manifest)
	if err != nil {
		return "", err
	}
	if err := errors.Join(keepCheck(path, check), r.resumes.write(path), r.cleared.write(path)); err != nil {
		return "", err
	}
	r.cleared.watch(soft, abort)
	closeQuarantine := generator.Quarantine(source, filepath.Join(path, recording.QuarantineFile))
	aborts := results.NewAborts(r.scenario.Aborts)
	builders := spareProcessor()
	progress := newProgress(r, path, generator.Follow(source))
	push := startPush(hard, r.world.stderr, &manifest)
	summary, err := generator.Run(soft, hard, generator.Config{
		Scenario: r.scenario, Source: source, Plan: r.plan, Destination: to, Start: start, Builders: builders, Limit: r.cleared.limit, EventBytes: eventBytes(check),
		Observe: func(iv *results.Interval) {
			if err := directory.Write(iv); err != nil {
				progress.warn(err)
			}
			progress.show(iv)
			view.observe(iv)
			if err := push.Observe(iv); err != nil {
				progress.warn(err)
			}
			if fired := aborts.Observe(iv); fired != nil {
				abort(firedRule{fired})
			}
		},
	})
	progress.end()
	endPush(push, r.world.stderr)
	if failed := closeQuarantine(); err == nil {
		err = failed
	}
	if err != nil {
		return "", err
	}
	result, err := directory.Close(r.ending(summary, context.Cause(soft)))
	if err != nil {
		return "", r.unwritten(path, result)
	}
	return path, nil
}

// unwritten prints what a run came to whose directory lacks something, of a full
// disk say: it is not to be had a second time. It is invalid, and says for what.
func (r *rehearsal) unwritten(path string, result *results.Result) error {
	run, err := results.Open(path)
	if err != nil {
		run = &results.Run{Path: path}
	}
	run.Result = result
	return printRun(r.world, run, r.flags.json)
}

// firedRule is an abort rule as the cause that ended a context.
type firedRule struct{ *results.Fired }

func (f firedRule) Error() string { return f.Why }

// spareProcessor returns how many processors there are for building bodies, and
// lets the runtime run one thread more. Builders would otherwise hold every
// processor when a sender wakes up; this way the kernel, which favours whoever
// slept, decides.
func spareProcessor() int {
	n := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(n + 1)
	return n
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

// manifest is what is known about the run before it starts.
func (r *rehearsal) manifest(start time.Time) results.Manifest {
	m := results.Manifest{
		RunID: r.id, Scenario: r.scenario.Name, SHA256: r.scenario.SHA256(), StartedAt: start,
		Target: r.target, Permit: r.cleared.id(), Planned: planned(r.plan), ScenarioYAML: r.scenario.Redacted(), Thresholds: r.scenario.Thresholds,
		Shard: r.part.shard, Stages: r.scenario.Load.Stretches, Warnings: r.plan.Warnings,
	}
	if r.scenario.Traffic != nil {
		m.Seed = r.scenario.Traffic.Seed
	}
	return m
}

// planned is a plan as the result states it.
func planned(p generator.Plan) results.Planned {
	return results.Planned{Events: p.Events, Requests: p.Requests, PeakEvents: p.Peak, Recording: p.Recording}
}

// ending is how the run ended; cause is what ended its soft context.
func (r *rehearsal) ending(s generator.Summary, cause error) results.Final {
	e := results.Final{Ended: results.Completed, Planned: planned(s.Planned)}
	var fired firedRule
	var ended permitEnded
	switch {
	case s.SourceErr != nil:
		e.Ended, e.Why = results.Aborted, s.SourceErr.Error()
	case s.Interrupted && errors.As(cause, &fired):
		e.Ended, e.Why, e.Rule = results.Aborted, fired.Why, fired.Rule
	case s.Interrupted && errors.As(cause, &ended):
		e.Ended, e.Why = results.Interrupted, ended.Error()
	case s.Interrupted && errors.Is(cause, errStopped):
		e.Ended, e.Why = results.Interrupted, errStopped.Error()
	case s.Interrupted:
		e.Ended, e.Why = results.Interrupted, "stopped by a signal"
	case s.OutOfTime:
		e.Ended = results.Aborted
		e.Why = fmt.Sprintf("requests still waited %v after the end of the load: the endpoint, or the connections, could not keep up", generator.Grace)
	}
	return e
}
