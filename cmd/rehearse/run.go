package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

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
	tokenFile       string
	otlpTo          string // a host

	dial dialFunc // nil: TCP; tests bring their own

	network networkFlags
}

// newRun makes the verb run.
func newRun(e env) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [SCENARIO]",
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
A host that is not this machine has to be named by --otlp-to, or by the permit.

The last line printed is the verdict with the exit code:
  0 pass   99 a threshold failed, or nothing was accepted
  104 the scenario is wrong   105 interrupted   108 aborted by a rule of the scenario
  120 invalid: the generator was the bottleneck   121 refused   2 usage   1 internal`,
		Example: `  rehearse run scenarios/quickstart.yaml
  rehearse run scenarios/quickstart.yaml --target http://127.0.0.1:8010 --set target.connections=4
  rehearse run scenarios/quickstart.yaml --json | jq .latency_ms.p99
  rehearse run --resume results/runs/20261201T100000Z-quickstart`,
		Args: func(c *cobra.Command, args []string) error {
			if f.resume != "" && len(args) == 0 {
				return nil
			}
			return exactly("scenario file")(c, args)
		},
		RunE: func(_ *cobra.Command, args []string) error { return rehearse(e, first(args), f) },
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&f.target, "target", "", "send to this `URL` instead of target.url (another than this machine needs a permit)")
	c.Flags().StringVar(&f.token, "token", "", "use this project `token`, which other users of this machine can see; better: --token-file, or ${CAPTURE_TOKEN} in the scenario")
	c.Flags().StringVar(&f.tokenFile, tokenFileFlag, "", "use the project token that this `file` holds")
	c.Flags().StringVar(&f.out, "out", "", "write the run directory to `DIR` (default results/runs/<utc>-<name>)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "override one field, as in --set target.connections=4 (repeatable)")
	c.Flags().StringVar(&f.seed, "seed", "", "override traffic.seed with this `number`")
	c.Flags().StringVar(&f.live, "live", "", "serve the charts while it runs, a stop button and /metrics on this loopback `address`, as in 127.0.0.1:8799")
	c.Flags().StringVar(&f.shard, "shard", "", "send only this part of the batches, as in 0/4; merge judges all `i/N` together")
	c.Flags().StringVar(&f.start, "start-at", "", "start at this `time`, as in 2026-12-01T10:00:00Z, so that shards start together")
	c.Flags().StringVar(&f.resume, "resume", "", "continue the interrupted run whose run directory is `DIR`; it knows its scenario, flags and shard")
	c.Flags().StringVar(&f.permit, "permit", "", "keep to the permit in this `file`: its hosts, window, cap and stops (see rehearse permit)")
	c.Flags().StringVar(&f.signers, "allowed-signers", "", "whose signatures on a permit count: a `file` as ssh-keygen has it (default: $"+signersVariable+")")
	c.Flags().StringVar(&f.otlpTo, "otlp-to", "", "push metrics to this `host` or host:port, if OTEL_EXPORTER_OTLP_ENDPOINT names it and it is not this machine")
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

// scenario is what the run is of: the scenario file, or what the run that it resumes
// was of, whose shard it then is, too.
func (f *runFlags) scenario(path string, p *part) (*scenario.Scenario, *resumption, error) {
	if f.resume == "" {
		if path == "" {
			return nil, nil, exitError{exitUsage, errors.New("name a scenario file, or with --resume a run directory")}
		}
		s, err := scenario.LoadWith(path, scenario.Options{LookupEnv: os.LookupEnv, Set: f.overrides()})
		return s, nil, err
	}
	before, err := readResumption(f.resume)
	if err != nil {
		return nil, nil, err
	}
	s, err := f.resumed(path, p, before.runs[0].keptRun)
	if err != nil {
		return nil, nil, errors.Join(err, before.lock.Close())
	}
	return s, before, nil
}

// resumed is the scenario of the run that is resumed, with all that it takes to send
// the rest.
func (f *runFlags) resumed(path string, p *part, last *keptRun) (*scenario.Scenario, error) {
	token, set := f.token, f.overrides()
	if path == "" && token != "" { // it is no override then, but what the directory does not hold
		without := *f
		without.token = ""
		set = without.overrides()
	}
	s, missing, err := last.scenario(given{path: path, set: set, token: token})
	shard := last.Result.Run.Shard
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot resume %q: %w", f.resume, err)
	case len(missing) > 0:
		return nil, fmt.Errorf("cannot resume %q: %w", f.resume, lacking(missing))
	case p.shard.Of > 0 && p.shard != shard:
		return nil, exitError{exitUsage, fmt.Errorf("cannot resume shard %d of %d as shard %d of %d: leave --shard out", shard.Index, shard.Of, p.shard.Index, p.shard.Of)}
	case f.permit != "" && s.Restored():
		return nil, exitError{exitUsage, errors.New("cannot resume under a permit without the scenario that it binds: name the scenario file, and give the flags that the run was given")}
	}
	p.shard = shard
	return s, nil
}

// outliveReaders keeps a run going whose output nobody reads any more, as of
// "rehearse run x.yaml | head": writing to it then fails, and does not end the
// process with the books open.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// rehearse is the main job.
func rehearse(e env, path string, f runFlags) error {
	outliveReaders()
	if err := readToken(&f.token, f.tokenFile); err != nil {
		return err
	}
	p, err := readPart(f.shard, f.start)
	if err != nil {
		return err
	}
	s, before, err := f.scenario(path, &p)
	if err != nil {
		return err
	}
	defer before.release()
	source, err := openSource(e, s, p, before)
	if err != nil {
		return err
	}
	defer source.Close() // of a run that comes to nothing, too: it removes copies of recordings
	authorized, err := f.authorize(s, p, &source.Plan)
	if err != nil {
		return err
	}
	id := runID()
	unlock, err := authorized.lock(id, p)
	if err != nil {
		return err
	}
	defer unlock()
	target := s.Target.URL
	var endpoint *embedded
	if target == "" {
		if endpoint, err = startEmbedded(stagingConfig(&s.Staging)); err != nil {
			return err
		}
		defer endpoint.stop()
		target = endpoint.url()
	}
	for _, warning := range source.Plan.Notes() {
		fmt.Fprintf(e.stderr, "note: %s\n", warning)
	}
	r := rehearsal{env: e, scenario: s, source: source, part: p, flags: f, id: id, target: target, resumes: before, endpoint: endpoint, authorized: authorized}
	path, err = r.run()
	if err != nil {
		return err
	}
	run, err := results.Open(path)
	if err != nil {
		return err
	}
	run.CrossCheck()
	if err := keepHTML(run); err != nil {
		return err
	}
	return printRun(e, run, f.json)
}
