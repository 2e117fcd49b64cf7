package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rehearse/internal/kubernetes"
	"rehearse/internal/units"
	"rehearse/rehearsal"
	"rehearse/results/merge"
)

// kubernetesFlags are those of the verbs of kubernetes.
type kubernetesFlags struct {
	job     kubernetes.Job
	permit  string
	pod     string // a file
	cpu     string
	memory  string
	command string // kubectl and its flags
	out     string
	within  time.Duration
	margin  time.Duration
	json    bool
}

// newKubernetes makes the verb kubernetes.
func newKubernetes(e env) *cobra.Command {
	c := &cobra.Command{
		Use:   "kubernetes",
		Short: "Run a scenario's shards as an Indexed Job, and judge them as one run",
		Long: `kubernetes runs a scenario on a cluster, one pod a shard, as an Indexed Job of
Kubernetes 1.33 or later. There is no operator and no custom resource; pods have
no rights in the cluster. What is needed are an image with rehearse in it, kubectl,
and the right to make Jobs and ConfigMaps, to read pods and their logs, and to
annotate pods.

No pod is run twice: a shard that was lost stays lost, and the run is invalid. The
scenario's references to the environment are resolved in the pods: --secret names
a Secret whose keys become variables.`,
		Example: `  rehearse kubernetes render import.yaml --run-id import-1 --shards 8 --image ` +
			`example.com/rehearse:0.2.0 > job.yaml
  rehearse kubernetes run import.yaml --run-id import-1 --shards 8 --image example.com/rehearse:0.2.0 ` +
			`--secret capture-token
  rehearse kubernetes collect --run-id import-1 --out again`,
		Args: noSuchVerb,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newRender(e), newKubernetesRun(e), newCollect(e))
	return c
}

// newRender makes the verb kubernetes render.
func newRender(e env) *cobra.Command {
	var f kubernetesFlags
	c := &cobra.Command{
		Use:   "render SCENARIO",
		Short: "Print the objects of a run as YAML, for kubectl apply or a repository",
		Long: `render prints the ConfigMap and the Job of a run and touches no cluster. The pods
wait until someone sets the start:
  kubectl annotate pods -l rehearse.dev/run=ID rehearse.dev/start-at=2026-12-01T10:00:00Z`,
		Args: exactly("SCENARIO"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := f.read(e, args[0]); err != nil {
				return err
			}
			return usageOf(f.job.Render(e.stdout))
		},
	}
	f.defineJob(c.Flags())
	return c
}

// newKubernetesRun makes the verb kubernetes run.
func newKubernetesRun(e env) *cobra.Command {
	var f kubernetesFlags
	c := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run the shards on a cluster, bring their results home and judge the whole",
		Long: `run applies the Job, waits until every shard is ready, sets the start of all,
follows what they print, and merges and judges what they did: one verdict, one
report, one exit code, those of merge. Ctrl-C before the start deletes the Job,
and nothing was sent; after it the pods stop and say what they did.`,
		Args: exactly("SCENARIO"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := f.read(e, args[0]); err != nil {
				return err
			}
			if err := f.job.Validate(); err != nil {
				return usageOf(err)
			}
			return f.onCluster(e, (*kubernetes.Kubectl).Run)
		},
	}
	f.defineJob(c.Flags())
	f.defineCluster(c.Flags())
	c.Flags().DurationVar(&f.within, "ready-within", 10*time.Minute,
		"send nothing if the shards are not ready within this `TIME`")
	c.Flags().DurationVar(&f.margin, "margin", 10*time.Second, "start this `TIME` after all shards are ready: the "+
		"kubelet tells a pod within a second, or when it is asked again")
	return c
}

// newCollect makes the verb kubernetes collect.
func newCollect(e env) *cobra.Command {
	var f kubernetesFlags
	c := &cobra.Command{
		Use:   "collect",
		Short: "Read the results of a run that is over from the logs of its pods, and judge it",
		Long: `collect is for a run whose "kubernetes run" was cut off, or that was applied by
other means. The pods must still be there: a Job keeps them for a day.`,
		Args: nothing,
		RunE: func(*cobra.Command, []string) error { return f.onCluster(e, (*kubernetes.Kubectl).Collect) },
	}
	c.Flags().StringVar(&f.job.RunID, "run-id", "", "the `ID` of the run")
	c.Flags().StringVar(&f.job.Namespace, "namespace", "", "its `NAMESPACE` (default: that of kubectl's context)")
	f.defineCluster(c.Flags())
	return c
}

// defineJob makes the flags that say what runs on the cluster.
func (f *kubernetesFlags) defineJob(flags *pflag.FlagSet) {
	j := &f.job
	flags.SortFlags = false
	flags.StringVar(&j.RunID, "run-id", "",
		"the `ID` of the run, in the names of its objects: small letters, digits and dashes")
	flags.IntVar(&j.Shards, "shards", 0, "`N` pods share the load")
	flags.StringVar(&j.Image, "image", "", "the `IMAGE` of the pods, best by digest")
	flags.StringVar(&j.Namespace, "namespace", "", "the `NAMESPACE` (default: that of kubectl's context)")
	flags.StringVar(&j.Secret, "secret", "",
		"the `NAME` of a Secret whose keys become environment variables of the pods")
	flags.StringVar(&j.Recordings.Claim, "recordings-claim", "",
		"mount the PersistentVolumeClaim of this `NAME`, read-only, where the recordings are")
	flags.StringVar(&j.Recordings.Image, "recordings-image", "", "mount this `IMAGE` where the recordings are")
	flags.StringVar(&j.Recordings.Path, "recordings-path", "",
		"where that is: a `DIR` below the scenario's, as in its replay.files")
	flags.StringVar(&j.Results, "results-claim", "",
		"write the run directories to the PersistentVolumeClaim of this `NAME`, too, in <run-id>/shard-<i>")
	flags.StringVar(&f.cpu, "cpu", "2", "`N` cores a pod: whole ones it has for its own, as in 2; of fewer, as in "+
		"500m, it may use more")
	flags.StringVar(&f.memory, "memory", "512MiB", "memory a pod, a `SIZE`")
	flags.StringVar(&f.pod, "pod", "",
		"add the fields of this YAML `FILE` to the pods' spec: nodeSelector, tolerations, hostNetwork…")
	flags.StringVar(&f.permit, "permit", "", "the permit, a `FILE` with its signature beside it")
	flags.DurationVar(&j.Resources.Longest, "longest", 0,
		"the run may take this `DURATION` (default: the length of load.profile, and ten minutes)")
}

// defineCluster makes the flags that say how the cluster is reached.
func (f *kubernetesFlags) defineCluster(flags *pflag.FlagSet) {
	flags.StringVar(&f.command, "kubectl", "kubectl", "the `COMMAND`, with its flags, as in \"kubectl "+
		"--context staging\"")
	flags.StringVarP(&f.out, "output", "o", "",
		"write the joined run directory to `DIR` (default results/runs/<run-id>)")
	flags.BoolVar(&f.json, "json", false, "print result.json instead of the report")
}

// read fills in the job: the scenario, which is loaded here to find its mistakes
// before a pod does, and the permit.
func (f *kubernetesFlags) read(e env, path string) (err error) {
	s, err := rehearsal.Load(path, rehearsal.Overrides{})
	if err != nil {
		return err
	}
	if s.Load.Closed > 0 {
		return exitError{exitScenario, errors.New("pods cannot share a closed loop, which has no plan: " +
			"give load.profile")}
	}
	j := &f.job
	if j.Scenario, err = os.ReadFile(path); err != nil {
		return err
	}
	if f.permit != "" {
		if j.Permit, err = os.ReadFile(f.permit); err == nil {
			j.Signature, err = os.ReadFile(f.permit + ".sig")
		}
		if err != nil {
			return exitError{exitUsage, fmt.Errorf("cannot read --permit: %w", err)}
		}
	}
	if f.pod != "" {
		if j.Pod, err = kubernetes.ReadPod(f.pod); err != nil {
			return exitError{exitUsage, fmt.Errorf("cannot read --pod: %w", err)}
		}
	}
	if j.Resources.CPU, err = kubernetes.ParseCPU(f.cpu); err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot read --cpu: %w", err)}
	}
	if j.Resources.Memory, err = units.ParseBytes(f.memory); err != nil {
		return exitError{exitUsage, fmt.Errorf("cannot read --memory %q: %w", f.memory, err)}
	}
	if j.Resources.Longest == 0 && s.Load.Curve != nil {
		j.Resources.Longest = s.Load.Curve.Span() + 10*time.Minute
	}
	if s.Target.URL == "" {
		e.note("note: the scenario names no target.url: each pod sends to an endpoint of its own, and only the " +
			"cluster is tried")
	}
	return nil
}

// onCluster does what brings home what the shards of the job printed, and judges the
// whole.
func (f *kubernetesFlags) onCluster(e env, do func(*kubernetes.Kubectl, context.Context, kubernetes.Job) (
	[]kubernetes.Log, error)) error {
	if !kubernetes.ValidRunID(f.job.RunID) {
		return exitError{exitUsage, fmt.Errorf("cannot take --run-id %q: %s", f.job.RunID, kubernetes.WantRunID)}
	}
	if f.out == "" {
		f.out = filepath.Join("results", "runs", f.job.RunID)
	}
	logs := f.out + "-logs"
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return err
	}
	k := &kubernetes.Kubectl{
		Command: strings.Fields(f.command), Logs: logs, ReadyWithin: f.within, Margin: f.margin,
		Note: func(format string, a ...any) { e.note(fmt.Sprintf(format, a...)) },
	}
	soft, hard, release := e.deadlines(context.Background(), sendingEnds, e.note)
	defer release()
	printed, err := do(k, soft, f.job)
	switch {
	case hard.Err() != nil:
		return exitError{exitInterrupted, errors.Join(errors.New("stopped: what the shards printed is in "+logs), err)}
	case err != nil && soft.Err() != nil:
		return exitError{exitInterrupted, err}
	case err != nil:
		return err
	}
	if f.job.Results != "" {
		e.note(fmt.Sprintf("the run directories are on the claim %s, in %s/shard-<i>: where it is mounted, rehearse "+
			"merge joins them", f.job.Results, f.job.RunID))
	}
	var shards []shardLog
	for _, l := range printed {
		shards = append(shards, shardLog{path: l.Path, shard: l.Shard, ended: l.Ended, why: l.Why})
	}
	err = mergeRuns(e, shards, f.out, f.json)
	if errors.Is(err, merge.ErrParts) { // nothing is known of what the pods sent
		return exitError{exitInvalid, err}
	}
	return err
}

// usageOf marks what is wrong with a job as a wrong command line.
func usageOf(err error) error {
	if err == nil {
		return nil
	}
	return exitError{exitUsage, err}
}
