package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"rehearse/internal/recording/container"
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
	e.stdout, e.stderr = plain{e.stdout}, plain{e.stderr}
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
other it goes only under a signed permit, and within it (rehearse permit --help).`,
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
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError(c, err)
	})
	root.AddCommand(newInit(e), newRun(e), newCapacity(e), newStage(e), newVerify(e), newPermit(e), newKubernetes(e),
		newVersion(e))
	for _, c := range []*cobra.Command{newCheck(e), newReport(e), newMerge(e), newCompare(e), newSample(e),
		newShape(e), newProfile(e), newSchema(e)} {
		root.AddCommand(stoppable(e, c))
	}
	return root
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
