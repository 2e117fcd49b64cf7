package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rehearse/internal/adhoc"
	"rehearse/rehearsal"
	"rehearse/results/bundle"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// runFlags is what the command line of run adds to the scenario: where and who.
type runFlags struct {
	options      rehearsal.Options
	shard, start string
	tokenFile    string
	metricsToken string // a file
	quiet, json  bool
	bundle       bool
	files        reportFiles
	adhoc        adhocFlags
}

// newRun makes the verb run.
func newRun(e env) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run SCENARIO | --rate RATE",
		Short: "Send a scenario's traffic and judge what came back",
		Long: `run sends the events of a scenario, each batch when it is due, to the
scenario's target (the embedded staging endpoint if it names none) and writes
a run directory: latency histograms, every rejected request, a timeline, a
ledger of what became of each event, and a verdict.

Without a scenario file, --rate and the flags beside it make a scenario of the name
adhoc; --print-scenario prints it, as a file to begin with. The name - reads a
scenario from standard input.

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
  rehearse run --rate 500/s --duration 30s --merges 3%
  rehearse run scenarios/quickstart.yaml --target http://127.0.0.1:8010 --set target.connections=4
  rehearse run scenarios/quickstart.yaml --json | jq .latency_ms.p99
  rehearse run scenarios/quickstart.yaml --junit rehearsal.xml --markdown rehearsal.md   # in CI
  rehearse run --resume results/runs/20261201T100000Z-quickstart`,
		Args: func(c *cobra.Command, args []string) error {
			if f.options.Resume != "" && len(args) == 0 && !f.adhoc.Given() {
				return nil
			}
			return f.adhoc.args(c, args)
		},
		RunE: func(_ *cobra.Command, args []string) error { return f.run(e, first(args)) },
	}
	f.define(c.Flags())
	return c
}

// adhocFlags make a scenario where no file is named.
type adhocFlags struct {
	adhoc.Flags
	print bool
}

// define makes the flags.
func (f *adhocFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.Rate, "rate", "",
		"without a scenario file: send this `RATE` at the peak, as in 500/s; max: as fast as it answers")
	flags.StringVar(&f.Duration, "duration", "", "with --rate: for this `TIME`, ramp included (default 30s)")
	flags.StringVar(&f.Ramp, "ramp", "",
		"with --rate: rise from 0 to the rate in this `TIME` (default 10s, at most a third of the duration)")
	flags.StringVar(&f.Batch, "batch", "", "with --rate: `N` events in a request (default 100)")
	flags.StringVar(&f.Skew, "skew", "",
		"with --rate: the Zipf `EXPONENT` of events over distinct_ids (default 1)")
	flags.StringVar(&f.Merges, "merges", "", "with --rate: this `SHARE` of the events is $identify, as in 3%")
	flags.BoolVar(&f.print, "print-scenario", false,
		"with --rate: print the scenario that these flags amount to, and do nothing else")
}

// args asks for a scenario file, or for flags that stand for one.
func (f *adhocFlags) args(c *cobra.Command, args []string) error {
	switch {
	case !f.Given() && f.print:
		return usageError(c, errors.New("--print-scenario goes with --rate"))
	case f.Given() && len(args) > 0:
		return usageError(c, errors.New("--rate and the flags beside it stand for a scenario file: "+
			"to change the one that is named, use --set, as in --set 'load.profile=const(500, 30s)'"))
	case f.Given():
		return nil
	case len(args) == 0:
		return usageError(c, errors.New("missing argument SCENARIO, or --rate"))
	}
	return exactly("SCENARIO")(c, args)
}

// scenario returns the name of the scenario and, unless that is the file's, its text.
func (f *adhocFlags) scenario(e env, path string) (name string, text []byte, err error) {
	if !f.Given() {
		return readScenario(e, path)
	}
	if text, err = f.Scenario(); err != nil {
		return "", nil, exitError{exitUsage, err}
	}
	return adhoc.Name, text, nil
}

// readScenario reads a scenario from standard input, if path is -.
func readScenario(e env, path string) (name string, text []byte, err error) {
	if path != "-" {
		return path, nil, nil
	}
	if text, err = readSmall("the scenario", path, e.stdin); err != nil {
		return "", nil, exitError{exitScenario, err}
	}
	return "stdin", text, nil
}

// loadScenario loads a scenario of a file, or of standard input.
func loadScenario(e env, path string, set []string) (*scenario.Scenario, error) {
	name, text, err := readScenario(e, path)
	if err != nil {
		return nil, err
	}
	return rehearsal.Load(name, rehearsal.Overrides{Text: text, Set: set})
}

// begin says which scenario the run is of. It is done if that is all that was asked for.
func (f *adhocFlags) begin(e env, path string, o *rehearsal.Options) (done bool, err error) {
	o.Scenario, o.Overrides.Text, err = f.scenario(e, path)
	if err != nil || !f.Given() {
		return false, err
	}
	if f.print {
		_, err = e.stdout.Write(o.Overrides.Text)
		return true, err
	}
	e.note(string(o.Overrides.Text))
	return false, nil
}

// define makes the flags.
func (f *runFlags) define(flags *pflag.FlagSet) {
	o := &f.options
	flags.SortFlags = false
	f.adhoc.define(flags)
	flags.StringVar(&o.Overrides.Target, "target", "",
		"send to this `URL` instead of target.url (targets other than localhost require a permit)")
	flags.StringVar(&o.Overrides.Token, "token", "",
		"use this project `TOKEN`, which other users of this machine can see; better: --token-file, or "+
			"${CAPTURE_TOKEN} in the scenario")
	flags.StringVar(&f.tokenFile, tokenFileFlag, "", "use the project token that this `FILE` holds")
	flags.StringVarP(&o.Directory, "output", "o", "",
		"write the run directory to `DIR` (default results/runs/<utc>-<name>)")
	flags.StringArrayVar(&o.Overrides.Set, "set", nil,
		"override a field: `FIELD=VALUE`, as in target.connections=4 (repeatable)")
	flags.StringVar(&o.Overrides.Seed, "seed", "", "override traffic.seed with `N`")
	flags.StringVar(&o.Live, "live", "",
		"serve the charts, a stop button and /metrics on this loopback `PORT` or address, as in 8799 or [::1]:8799")
	flags.StringVar(&o.Metrics.Address, "metrics", "",
		"serve /metrics alone on this `ADDRESS`, as in :9464; off loopback it takes --metrics-token-file")
	flags.StringVar(&f.metricsToken, "metrics-token-file", "",
		"answer /metrics only to the bearer token that this `FILE` holds")
	flags.StringVar(&f.shard, "shard", "",
		"send only this part of the batches, as in 0/4; merge judges all `i/N` together; env or env/N: as the "+
			"engine says that starts it")
	flags.StringVar(&o.RunID, "run-id", "",
		"call the run this `ID`, one for all shards; each request has it in its header")
	flags.StringVar(&f.start, "start-at", "",
		"start at this `TIME`, as in 2026-12-01T10:00:00Z, so that shards start together")
	flags.StringVar(&o.StartFile, "start-file", "",
		"be ready, and start at the time that this `FILE` says as soon as it is there")
	flags.StringVar(&o.Resume, "resume", "",
		"continue the interrupted run whose run directory is `DIR`; it knows its scenario, flags and shard")
	flags.StringVar(&o.Permit.File, "permit", "",
		"keep to the permit in this `FILE`: its hosts, window, cap and stops (see rehearse permit)")
	flags.StringVar(&o.Permit.Signers, "allowed-signers", "",
		"whose signatures on a permit count: a `FILE` as ssh-keygen has it (default: $"+rehearsal.SignersVariable+")")
	flags.StringVar(&o.Network.OTLPTo, "otlp-to", "",
		"push metrics to this `HOST` or host:port, if OTEL_EXPORTER_OTLP_ENDPOINT names it and it is not this "+
			"machine")
	flags.StringVar(&o.Network.CACert, "cacert", "",
		"trust an https target that is certified by this `FILE` (PEM) instead of the system's authorities")
	flags.StringArrayVar(&o.Network.Resolve, "resolve", nil,
		"connect to an address instead of looking the name up, as in `HOST:PORT:ADDRESS` (repeatable)")
	flags.StringVar(&f.files.junit, "junit", "", "also write the thresholds as JUnit tests to `FILE`")
	flags.StringVar(&f.files.markdown, "markdown", "", "also write the report as Markdown to `FILE`")
	flags.BoolVar(&f.bundle, "bundle", false,
		"print the run directory as the last thing, as text; merge reads it from the log of a container")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	flags.BoolVar(&f.json, "json", false, "print result.json instead of the report")
}

// run sends what the scenario in path says, and prints what came of it.
func (f *runFlags) run(e env, path string) error {
	outliveReaders()
	if err := f.read(); err != nil {
		return err
	}
	done, err := f.adhoc.begin(e, path, &f.options)
	if done || err != nil {
		return err
	}
	if err := f.bundles(); err != nil {
		return err
	}
	f.options.Note = e.note
	var notices notices
	if !f.quiet {
		f.options.Begin = func(o *rehearsal.Outlook) rehearsal.Progress { return notices.over(newProgress(e, o)) }
	}
	soft, hard, release := e.deadlines(context.Background(), sendingEnds, func(line string) { notices.say(e, line) })
	defer release()
	closePage := f.lingering(e)
	defer closePage(soft)
	run, printed := rehearsal.Run(soft, hard, f.options)
	if run == nil {
		return printed
	}
	if printed == nil {
		printed = f.tell(e, run)
	}
	if !f.bundle {
		return printed
	}
	if err := printBundle(e, run); err != nil {
		return errors.Join(printed, err)
	}
	return printed
}

// tell writes and prints what came of a run.
func (f *runFlags) tell(e env, run *rundir.Run) error {
	written := f.files.write(run)
	printed := printRun(e, run, f.json)
	if !f.quiet { // last of all, where it is seen
		sayReport(e, run.Path)
	}
	if written != nil {
		return errors.Join(written, printed)
	}
	return printed
}

// bundles is an error if the run directory is to be printed and cannot be: a bundle holds
// files, and the background has a directory.
func (f *runFlags) bundles() error {
	if !f.bundle || f.options.Scenario == "" {
		return nil
	}
	s, err := rehearsal.Load(f.options.Scenario, f.options.Overrides)
	if err != nil || s.Background == nil {
		return err
	}
	return exitError{exitUsage, errors.New("cannot --bundle a run with a background: its directory has one within; " +
		"give -o, or leave it out with --set background=null")}
}

// printBundle prints the run directory as text, last of all: what follows it in a
// container's log might rotate it away.
func printBundle(e env, run *rundir.Run) error {
	facts := &run.Result.Run
	label := bundle.Label{Run: facts.ID, Shard: fmt.Sprintf("%d/%d", facts.Shard.Index, max(facts.Shard.Of, 1))}
	if err := bundle.Write(e.stdout, run.Path, label); err != nil {
		return fmt.Errorf("cannot print the bundle of %q: %w", run.Path, err)
	}
	return nil
}

// read reads the flags that are not yet what they stand for.
func (f *runFlags) read() error {
	o := &f.options
	if err := readToken(&o.Overrides.Token, tokenFileFlag, f.tokenFile); err != nil {
		return err
	}
	if err := readToken(&o.Metrics.Token, "metrics-token-file", f.metricsToken); err != nil {
		return err
	}
	var err error
	if o.Shard, err = rehearsal.ParseShard(f.shard, os.LookupEnv); err != nil || f.start == "" {
		return err
	}
	o.Start, err = rehearsal.ParseStart(f.start)
	return err
}

// outliveReaders keeps a run going whose output is not read any more, as of
// "rehearse run x.yaml | head": writing to it then fails, and does not end the
// process with the books open.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// tokenFileFlag is the flag that keeps a token out of the command line, which all
// users of a machine can see.
const tokenFileFlag = "token-file"

// maxTokenFile is how large a file with a token may be, in bytes.
const maxTokenFile = 4 << 10

// readToken reads the token from a file, if there is one, with the white space around
// it taken away.
func readToken(token *string, flag, path string) error {
	if path == "" {
		return nil
	}
	if *token != "" {
		return exitError{exitUsage, errors.New("--token and --" + flag + " exclude each other")}
	}
	file, err := os.Open(path)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot read --%s: %w", flag, err)}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxTokenFile+1))
	if *token = strings.TrimSpace(string(text)); err != nil || *token == "" || len(text) > maxTokenFile {
		return exitError{exitUsage, fmt.Errorf("cannot read --%s: %q holds no token", flag, path)}
	}
	return nil
}
