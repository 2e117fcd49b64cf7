// Command rehearse rehearses event-capture traffic before the real thing happens. See
// README.md.
//
// Each verb reads its flags, calls a package and prints what comes of it; what decides
// whether load may leave this machine is package rehearsal. The rules of the terminal:
// results go to stdout, everything else to stderr, and the exit code is the verdict.
//
// The files, in reading order:
//
//	main.go          the program, and its verbs
//	init.go          init: questions and answers → a scenario
//	check.go         check: what a scenario would do
//	run.go           run: flags → a run → its verdict
//	progress.go      how a run is shown while it goes
//	report.go        report and merge: what run directories say
//	verify.go        verify: what arrived against what a run sent
//	capacity.go      capacity: how many events a second an endpoint takes
//	compare.go       compare: two runs against each other
//	sample.go        sample and shape: events without sending them, one by one and counted
//	profile.go       profile: what an export teaches
//	merge.go         merge: the shards of one run
//	kubernetes.go    kubernetes: shards as an Indexed Job
//	stage.go         stage: the staging endpoint, and what it counted
//	stage_config.go  how it is asked to behave
//	permit.go        permit sign, show and verify
//	permit_new.go    permit new
//	schema.go        schema and version
//	env.go           what the program touches: streams, signals, files
//	exit.go          arguments, exit codes and complaints
package main

import (
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rehearse/internal/recording/container"
	"rehearse/scenario"
)

func main() {
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup: then the end of the terminal is no reason to stop
		signal.Notify(interrupts, syscall.SIGHUP)
	}
	code := run(os.Args[1:], env{os.Stdin, os.Stdout, os.Stderr, interrupts})
	if code == exitInterrupted { // A verb may have been left in the middle of reading a copy.
		container.RemoveCopies()
	}
	os.Exit(code)
}

// run is the program: arguments in, exit code out.
func run(args []string, e env) int {
	e.stdout, e.stderr = plain{to: e.stdout}, plain{e.stderr, new(sync.Mutex)}
	root := newRoot(e)
	addCompletion(root)
	root.SetArgs(args)
	err := root.Execute()
	if err != nil {
		complain(e, err)
	}
	return codeOf(err)
}

// newRoot builds the command tree.
func newRoot(e env) *cobra.Command {
	root := &cobra.Command{
		Use:   "rehearse",
		Short: "Rehearse event-capture traffic before the real thing happens",
		Long: `rehearse sends the traffic that a scenario file describes (synthesized, or
replayed from a recording) to a staging capture endpoint: along a ramp, in
batches, as unevenly spread over distinct_ids and with as many merges as the
real thing. It writes latency histograms, every rejected request and a verdict
into a run directory.

Load goes to this machine, to the embedded endpoint or to one on loopback; to any
other it goes only under a signed permit, and within it (rehearse permit --help).

Exit codes:
  0 pass        1 internal error                    2 usage: the command line is wrong
  99 failed: a threshold was crossed, or nothing was accepted
  104 scenario: the file, or a recording, is wrong  105 interrupted by a signal
  108 aborted by a rule of the scenario             120 invalid: the numbers cannot be trusted
  121 refused: the load may not go there`,
		Example: `  rehearse run scenarios/quickstart.yaml
  rehearse sample scenarios/quickstart.yaml -n 3
  rehearse stage --listen 127.0.0.1:8010
  rehearse run scenarios/quickstart.yaml --target http://127.0.0.1:8010
  rehearse report results/runs/20261201T100000Z-quickstart`,
		Version:       version(),
		Args:          noSuchVerb,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("rehearse {{.Version}}\n")
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 100 "))
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError(c, err)
	})
	root.AddCommand(newInit(e), newRun(e), newCapacity(e), newStage(e), newVerify(e), newPermit(e), newKubernetes(e),
		newVersion(e), newManual(e))
	for _, c := range []*cobra.Command{newCheck(e), newReport(e), newMerge(e), newCompare(e), newSample(e),
		newShape(e), newProfile(e), newSchema(e)} {
		root.AddCommand(stoppable(e, c))
	}
	root.SetGlobalNormalizationFunc(currentName)
	return root
}

// currentName lets a flag be called as it once was.
func currentName(flags *pflag.FlagSet, name string) pflag.NormalizedName {
	switch {
	case name == "out":
		name = "output"
	case name == "peak" && flags.Name() == "init":
		name = string(scenario.AskPeakRate)
	}
	return pflag.NormalizedName(name)
}

// addCompletion makes the verb completion, which by itself answers a shell that it
// does not know with its help, and with success.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args = noSuchVerb
		completion.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
}
