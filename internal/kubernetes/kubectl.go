package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Kubectl brings a job to a cluster and its results home, with the user's own
// kubectl: its contexts, plugins for signing in, proxies and rights are those that
// the user knows.
type Kubectl struct {
	Command     []string      // kubectl and what comes before its verb, as kubectl --context staging
	Logs        string        // a directory: what each shard prints is written there
	ReadyWithin time.Duration // how long the pods may take to be ready; then nothing is sent
	Margin      time.Duration // from when all are ready to the start; the kubelet tells a pod within 1 s
	Note        func(format string, args ...any)
}

// Log is what is known of a shard when the run is over.
type Log struct {
	Shard int
	Path  string    // of what it printed
	Ended time.Time // when its container ended, or the cluster knew no more of it; zero: not known
	Why   string    // what the cluster says of its end
}

// lookEvery is how often the cluster is asked how the pods are.
const lookEvery = time.Second

// readyLine is how a shard says that it waits for the start alone.
const readyLine = "ready: the load starts when"

// toldLine is how a shard says that it knows when to start.
const toldLine = "start: the load starts at"

// Run makes the objects of a job, waits until each shard is ready, sets the start of all, and
// follows what they print until they are done. It returns what is known of each
// shard, by index. If ctx ends before the start the job is deleted and nothing was
// sent; if it ends later, or an abort rule ended one of them, the pods are asked to
// stop, and their last words are awaited.
func (k *Kubectl) Run(ctx context.Context, j Job) ([]Log, error) {
	if err := j.Validate(); err != nil {
		return nil, err
	}
	r := &running{Kubectl: k, job: j, shards: map[int]*shard{}}
	if err := r.create(ctx); err != nil {
		return nil, err
	}
	if err := r.ready(ctx); err != nil {
		return nil, errors.Join(err, r.remove())
	}
	start := time.Now().Add(k.Margin).UTC().Truncate(time.Second).Add(time.Second)
	if err := r.start(ctx, start); err != nil {
		return nil, errors.Join(err, r.remove())
	}
	k.Note("all %d shards are ready: the load starts at %s", j.Shards, start.Format(time.RFC3339))
	return r.follow(ctx)
}

// Collect reads again what the shards of a run printed, as after a run whose
// follower was cut off.
func (k *Kubectl) Collect(ctx context.Context, j Job) ([]Log, error) {
	r := &running{Kubectl: k, job: j, shards: map[int]*shard{}}
	pods, err := r.pods(ctx)
	if err != nil {
		return nil, err
	}
	var logs []Log
	for i, p := range pods {
		l := Log{Shard: p.index(), Path: r.logFile(p.index())}
		if i > 0 && pods[i-1].index() == p.index() { // it was started twice
			l.Path = filepath.Join(r.Logs, p.Metadata.Name+".log")
		}
		l.Ended, l.Why = p.end()
		printed, err := k.do(ctx, nil, r.inNamespace("logs", p.Metadata.Name)...)
		if err != nil {
			l.Why = err.Error()
		}
		if err := os.WriteFile(l.Path, printed, 0o600); err != nil {
			return nil, err
		}
		logs = append(logs, l)
	}
	if len(logs) == 0 {
		return nil, fmt.Errorf("the cluster has no pods of run %s: they are gone, or in another namespace", j.RunID)
	}
	return logs, nil
}

// do runs kubectl and returns what it prints.
func (k *Kubectl) do(ctx context.Context, stdin *bytes.Buffer, args ...string) ([]byte, error) {
	c := k.command(ctx, args...)
	if stdin != nil {
		c.Stdin = stdin
	}
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl %s: %w: %s", args[0], err, firstLines(said.String(), 3))
	}
	return out, nil
}

// command is a call of kubectl.
func (k *Kubectl) command(ctx context.Context, args ...string) *exec.Cmd {
	whole := append(slices.Clone(k.Command), args...)
	c := exec.CommandContext(ctx, whole[0], whole[1:]...)
	c.SysProcAttr = apart()
	return c
}

// firstLines are at most n lines of a text, in one.
func firstLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[:min(n, len(lines))], "; ")
}

// running is a job on the cluster.
type running struct {
	*Kubectl
	job    Job
	shards map[int]*shard
}

// shard is one whose output is followed.
type shard struct {
	pod  string
	seen *watcher
	done chan struct{} // closed when kubectl logs has ended

	ended   time.Time // when it was over, and what was said of that
	why     string
	aborted bool // an abort rule ended it
}

// create makes the objects of the job, none of which may be there: those of a former
// run with this id hold its logs. The ConfigMap then belongs to the Job, and goes
// with it.
func (r *running) create(ctx context.Context) error {
	for i, object := range r.job.objects() {
		text, err := yaml.Marshal(object)
		if err == nil {
			_, err = r.do(ctx, bytes.NewBuffer(text), "create", "--validate=strict", "-f", "-")
		}
		switch {
		case err != nil && i > 0:
			return errors.Join(err, r.delete("configmap"))
		case err != nil:
			return err
		}
	}
	if err := r.adopt(ctx); err != nil {
		r.Note("note: the ConfigMap %s will stay when its Job is gone: %v", r.job.Name(), err)
	}
	return nil
}

// adopt makes the ConfigMap a part of the Job.
func (r *running) adopt(ctx context.Context) error {
	uid, err := r.do(ctx, nil, r.inNamespace("get", "job", r.job.Name(), "-o", "jsonpath={.metadata.uid}")...)
	if err != nil {
		return err
	}
	_, err = r.do(ctx, nil, r.inNamespace("patch", "configmap", r.job.Name(), "--type=merge", "-p", fmt.Sprintf(
		`{"metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": %q, "uid": %q}]}}`,
		r.job.Name(), uid))...)
	return err
}

// pods asks the cluster for the pods of the run.
func (r *running) pods(ctx context.Context) ([]pod, error) {
	text, err := r.do(ctx, nil, r.inNamespace("get", "pods", "-l", runLabel+"="+r.job.RunID, "-o", "json")...)
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []pod `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("kubectl get pods: %w", err)
	}
	slices.SortFunc(list.Items, func(a, b pod) int { return a.index() - b.index() })
	return list.Items, nil
}

// inNamespace adds the job's namespace to the arguments of kubectl.
func (r *running) inNamespace(args ...string) []string {
	if r.job.Namespace == "" {
		return args
	}
	return append(args, "--namespace", r.job.Namespace)
}

// ready waits until each shard says that it is, and follows their output from the
// moment that they run: of a pod that is deleted nothing else is left.
func (r *running) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.ReadyWithin)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	told := ""
	for {
		pods, err := r.pods(ctx)
		if err != nil {
			return err
		}
		waitsFor, err := r.look(pods)
		if err != nil || waitsFor == "" {
			return err
		}
		if waitsFor != told {
			told = waitsFor
			r.Note("waiting: %s", told)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("stopped before the start (%s): nothing was sent", told)
			}
			return fmt.Errorf("the shards were not ready within %v (%s): nothing was sent", r.ReadyWithin, told)
		}
	}
}

// look says what the run waits for; empty: every shard is ready.
func (r *running) look(pods []pod) (string, error) {
	count, why := 0, ""
	for _, p := range pods {
		s := r.shards[p.index()]
		switch {
		case s != nil && s.pod != p.Metadata.Name:
			return "", fmt.Errorf("shard %d was started twice, as %s and %s", p.index(), s.pod, p.Metadata.Name)
		case s != nil && s.seen.ready():
			count++
		case s != nil && (p.Status.Phase == "Failed" || p.Status.Phase == "Succeeded"):
			<-s.done
			return "", fmt.Errorf("shard %d ended before the start: %s", p.index(), s.seen.last())
		case s == nil && p.index() >= 0 && p.Status.Phase != "Pending":
			if err := r.attach(p); err != nil {
				return "", err
			}
		case why == "":
			why = p.stuck()
		}
	}
	if count == r.job.Shards {
		return "", nil
	}
	if why != "" {
		why = ", " + why
	}
	return fmt.Sprintf("%d of %d shards are ready%s", count, r.job.Shards, why), nil
}

// attach begins to follow what a shard prints.
func (r *running) attach(p pod) error {
	s := &shard{pod: p.Metadata.Name}
	if err := r.attachTo(s, p.index()); err != nil {
		return err
	}
	r.shards[p.index()] = s
	return nil
}

// attachTo follows what a shard prints, from its beginning, into its file.
func (r *running) attachTo(s *shard, index int) error {
	file, err := os.Create(r.logFile(index))
	if err != nil {
		return err
	}
	s.seen, s.done = &watcher{to: file}, make(chan struct{})
	c := r.command(context.Background(), r.inNamespace("logs", "-f", s.pod)...)
	c.Stdout = s.seen
	if err := c.Start(); err != nil {
		return errors.Join(fmt.Errorf("kubectl logs: %w", err), file.Close())
	}
	done := s.done
	go func() {
		defer close(done)
		_, _ = c.Wait(), file.Close() // what is missing is seen when the bundle is read
	}()
	return nil
}

// logFile is where what a shard prints is written.
func (r *running) logFile(index int) string {
	return filepath.Join(r.Logs, fmt.Sprintf("shard-%d.log", index))
}

// remove deletes the job; its pods get SIGTERM and a minute.
func (r *running) remove() error { return r.delete("job") }

// delete deletes an object of the job, whatever has ended meanwhile.
func (r *running) delete(kind string) error {
	_, err := r.do(context.Background(), nil,
		r.inNamespace("delete", kind, r.job.Name(), "--ignore-not-found", "--wait=false")...)
	return err
}
