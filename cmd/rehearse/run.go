package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

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
	if c, ok := source.(io.Closer); ok {
		defer c.Close() // of a run that comes to nothing, too: it removes copies of recordings
	}
	cleared, err := f.clear(s, p, source, plan)
	if err != nil {
		return err
	}
	id := runID()
	unlock, err := cleared.lock(id, p)
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
	for _, warning := range plan.Notes() {
		fmt.Fprintf(w.stderr, "note: %s\n", warning)
	}
	r := rehearsal{world: w, scenario: s, plan: plan, part: p, flags: f, id: id, target: target, resumes: before, cleared: cleared}
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
