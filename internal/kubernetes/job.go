// Package kubernetes says how a run of many shards looks to a Kubernetes cluster:
// an Indexed Job, one pod a shard, with what the pods read beside it. There is no
// operator and no custom resource; pods have no rights, and the one who applies it
// needs no more than to create Jobs, ConfigMaps and Secrets in a namespace.
//
//	job.go       what is asked for, and the objects that it amounts to
//	objects.go   the fields of those objects that are used
//	watcher.go   what a shard prints
//	kubectl.go   the steps of a run: apply, wait, start, collect
//	start.go     the start of all pods, until each has heard of it
//	pod.go       how pods are, and the shards followed to their end
//
// The oldest version is Kubernetes 1.33, where backoffLimitPerIndex is stable.
package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Where things lie in a pod.
const (
	workDir    = "/scenario"        // the scenario and the permit, and recordings below it
	resultsDir = "/results"         // space of its own for each pod
	keptDir    = "/kept"            // the claim that outlives the pods
	startDir   = "/start"           // the Downward API writes the time of the start into it
	startFile  = startDir + "/at"   // what run --start-file waits for
	runLabel   = "rehearse.dev/run" // on each object, with the run's id
)

// The exit codes that run can only end with before anything was sent: usage, a
// scenario or a file that is wrong, no permit. With them the other pods need not
// go on.
func codesBeforeStart() []int { return []int{2, 104, 121} }

// A Job is a run of several shards on a cluster.
type Job struct {
	RunID     string // of all shards; also part of the objects' names
	Namespace string // empty: that of kubectl's context
	Image     string // with rehearse as its entry point
	Shards    int

	Scenario  []byte // as text, without secrets: they are references to the environment
	Permit    []byte // empty: none
	Signature []byte // of the permit
	Secret    string // name of a Secret whose keys become environment variables; empty: none

	Recordings Volume    // where recordings of a replay lie
	Results    string    // a PersistentVolumeClaim for the run directories; empty: they go with the pods
	Resources  Resources // of each pod

	// Pod are more fields of each pod's spec, such as nodeSelector, tolerations and hostNetwork.
	Pod map[string]any
}

// A Volume is where the recordings of a replay come from: a claim or an image.
type Volume struct {
	Claim string // a PersistentVolumeClaim
	Image string // an OCI image whose root holds the files; needs Kubernetes 1.35, or the feature gate ImageVolume
	Path  string // relative to the scenario, as in its replay.files
}

// Resources are what a pod asks for and is held to.
type Resources struct {
	CPU    int   // thousandths of a core; of whole cores a pod has no more either, and can have them for its own
	Memory int64 // bytes

	Longest time.Duration // how long the run may take, start to end
}

// WantRunID says what ValidRunID asks for.
const WantRunID = "want small letters, digits and dashes, 42 at most, as in import-2026-12-01"

// ValidRunID tells whether objects can be named after a run: RFC 1123, and short
// enough for a pod's index behind it.
func ValidRunID(id string) bool {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$`).MatchString(id)
}

// Validate says what keeps the job from being rendered.
func (j Job) Validate() error {
	var problems []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	add(!ValidRunID(j.RunID), "run id %q: %s", j.RunID, WantRunID)
	add(j.Image == "", "no image: want one with rehearse in it, best by digest, as in example.com/rehearse@sha256:…")
	add(j.Shards < 2 || j.Shards > 10_000, "%d shards: want 2 to 10,000", j.Shards)
	add(len(j.Scenario)+len(j.Permit)+len(j.Signature) > 1_000_000,
		"scenario and permit are over 1 MB, and a ConfigMap holds no more")
	add(j.Recordings.Claim != "" && j.Recordings.Image != "",
		"recordings come from a claim or from an image, not from both")
	where := j.Recordings.Path
	add(j.Recordings != (Volume{}) && (where == "" || where == "." || path.IsAbs(where) || path.Clean(where) != where),
		"recordings at %q: they must lie in a directory below the scenario's own", where)
	add(j.Resources.CPU < 1, "no cores for a pod: want some, as in 2 or 500m")
	add(j.Resources.Memory < 128<<20, "%d bytes of memory a pod: want 128 MiB at least", j.Resources.Memory)
	add(j.Resources.Longest <= 0, "no bound on how long the run may take")
	taken := ownFields()
	for _, name := range slices.Sorted(maps.Keys(j.Pod)) {
		add(slices.Contains(taken, name), "the pods' %s is rehearse's own: want other fields of a pod's spec, such as "+
			"nodeSelector, tolerations, imagePullSecrets or hostNetwork", name)
	}
	return errors.Join(problems...)
}

// ParseCPU reads a number of cores, or of thousandths of one with an m behind them, and
// returns thousandths.
func ParseCPU(text string) (int, error) {
	number, thousandths := strings.CutSuffix(text, "m")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("want cores or thousandths of one, as in 2 or 500m, not %q", text)
	}
	if thousandths {
		return int(n), nil
	}
	return int(n) * 1000, nil
}

// ReadPod reads more fields of the pods' spec from a YAML file. What they mean the cluster
// checks, strictly.
func ReadPod(path string) (fields map[string]any, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("%s: want fields of a pod's spec, as in \"nodeSelector: {pool: load}\": %w", path, err)
	}
	return fields, nil
}

// ownFields are the fields of a pod's spec that render writes.
func ownFields() (names []string) {
	for field := range reflect.TypeFor[podSpec]().Fields() {
		names = append(names, field.Tag.Get("yaml"))
	}
	return names
}

// Name is that of the objects.
func (j Job) Name() string { return "rehearse-" + j.RunID }

// Render writes the objects as YAML, for kubectl apply or a repository that
// others deploy from.
func (j Job) Render(w io.Writer) error {
	if err := j.Validate(); err != nil {
		return err
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	for _, object := range j.objects() {
		if err := encoder.Encode(object); err != nil {
			return err
		}
	}
	return encoder.Close()
}

// objects are what the job amounts to, in the order in which they are made.
func (j Job) objects() []any { return []any{j.configMap(), j.job()} }

// meta names an object.
func (j Job) meta() metadata {
	return metadata{Name: j.Name(), Namespace: j.Namespace, Labels: j.labels()}
}

// labels are on everything that belongs to the run.
func (j Job) labels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": "rehearse", runLabel: j.RunID}
}

// configMap holds what the pods read.
func (j Job) configMap() configMap {
	data := map[string]string{"scenario.yaml": string(j.Scenario)}
	if len(j.Permit) > 0 {
		data["permit.yaml"], data["permit.yaml.sig"] = string(j.Permit), string(j.Signature)
	}
	return configMap{APIVersion: "v1", Kind: "ConfigMap", Metadata: j.meta(), Data: data}
}

// job is the Indexed Job. No pod is ever run a second time: a retried shard
// would send its events twice. maxFailedIndexes stays unset, because with it the
// controller deletes the pods that still run, and their logs.
func (j Job) job() jobObject {
	spec := jobSpec{
		CompletionMode: "Indexed", Completions: j.Shards, Parallelism: j.Shards,
		BackoffLimitPerIndex: 0, PodReplacementPolicy: "Failed",
		PodFailurePolicy: podFailurePolicy{Rules: []failureRule{
			{Action: "FailJob", OnExitCodes: onExitCodes{"rehearse", "In", codesBeforeStart()}},
			{Action: "FailIndex", OnExitCodes: onExitCodes{"rehearse", "NotIn", []int{0}}},
		}},
		ActiveDeadlineSeconds:   int64((j.Resources.Longest + 10*time.Minute).Seconds()), // it deletes pods and logs
		TTLSecondsAfterFinished: 86_400,
	}
	spec.Template.Metadata = metadata{Labels: j.labels(), Annotations: map[string]string{
		"sidecar.istio.io/inject":                        "false", // a mesh's proxy would be measured with it
		"cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
		"karpenter.sh/do-not-disrupt":                    "true",
	}}
	spec.Template.Spec = j.pod()
	return jobObject{APIVersion: "batch/v1", Kind: "Job", Metadata: j.meta(), Spec: spec}
}

// pod is what each shard runs in: no rights in the cluster, none on its node.
func (j Job) pod() podSpec {
	return podSpec{
		RestartPolicy:                 "Never",
		TerminationGracePeriodSeconds: 60, // from SIGTERM on it stops sending and writes what it has
		TopologySpreadConstraints: []spread{{
			MaxSkew: 1, TopologyKey: "kubernetes.io/hostname", WhenUnsatisfiable: "ScheduleAnyway",
			LabelSelector: selector{j.labels()},
		}},
		SecurityContext: podSecurity{
			RunAsNonRoot:   true,
			RunAsUser:      65532,
			FSGroup:        65532,
			SeccompProfile: seccomp{"RuntimeDefault"},
		},
		Containers: []container{j.container()},
		Volumes:    j.volumes(),
		More:       j.Pod,
	}
}

// container runs the shard whose index the Job gives it.
func (j Job) container() container {
	memory := strconv.FormatInt(j.Resources.Memory, 10)
	requests, limits := map[string]string{"memory": memory}, map[string]string{"memory": memory}
	if cores := j.Resources.CPU / 1000; cores*1000 == j.Resources.CPU {
		requests["cpu"], limits["cpu"] = strconv.Itoa(cores), strconv.Itoa(cores)
	} else { // a limit would stop it for most of each tenth of a second
		requests["cpu"] = strconv.Itoa(j.Resources.CPU) + "m"
	}
	c := container{
		Name: "rehearse", Image: j.Image, Args: j.args(), WorkingDir: workDir,
		Env: []envVar{
			{"GOMEMLIMIT", strconv.FormatInt(j.Resources.Memory/10*9, 10)},
			{"HOME", resultsDir},
			{"TMPDIR", resultsDir},
		},
		Resources: resources{Requests: requests, Limits: limits},
		SecurityContext: security{
			ReadOnlyRootFilesystem: true,
			Capabilities:           capabilities{Drop: []string{"ALL"}},
		},
		TerminationMessagePolicy: "FallbackToLogsOnError",
		VolumeMounts:             j.mounts(),
	}
	if j.Secret != "" {
		c.EnvFrom = []envFrom{{SecretRef: nameRef{j.Secret}}}
	}
	return c
}

// args are those of rehearse in each pod.
func (j Job) args() []string {
	args := []string{
		"run", "scenario.yaml", "--run-id", j.RunID, "--shard", fmt.Sprintf("env/%d", j.Shards),
		"--start-file", startFile, "--out", j.out(), "--bundle",
	}
	if len(j.Permit) > 0 {
		args = append(args, "--permit", "permit.yaml")
	}
	return args
}

// out is the run directory of each pod.
func (j Job) out() string {
	if j.Results == "" {
		return resultsDir + "/run"
	}
	return path.Join(keptDir, j.RunID, "shard-$(JOB_COMPLETION_INDEX)") // the kubelet puts it in
}

// volumes are what the pod reads and the space that it writes to.
func (j Job) volumes() []volume {
	list := []volume{
		{Name: "scenario", ConfigMap: &nameRef{j.Name()}},
		{Name: "results", EmptyDir: &struct{}{}},
		{Name: "start", DownwardAPI: &downwardAPI{Items: []downwardItem{
			{Path: path.Base(startFile), FieldRef: fieldRef{"metadata.annotations['" + startNote + "']"}},
		}}},
	}
	if j.Results != "" {
		list = append(list, volume{Name: "kept", Claim: &claim{ClaimName: j.Results}})
	}
	switch {
	case j.Recordings.Claim != "":
		list = append(list, volume{Name: "recordings", Claim: &claim{ClaimName: j.Recordings.Claim, ReadOnly: true}})
	case j.Recordings.Image != "":
		list = append(list, volume{Name: "recordings", Image: &imageRef{Reference: j.Recordings.Image}})
	}
	return list
}

// mounts say where they lie in the container.
func (j Job) mounts() []mount {
	list := []mount{{Name: "results", MountPath: resultsDir}, {Name: "start", MountPath: startDir, ReadOnly: true}}
	if j.Results != "" {
		list = append(list, mount{Name: "kept", MountPath: keptDir})
	}
	files := []string{"scenario.yaml"}
	if len(j.Permit) > 0 {
		files = append(files, "permit.yaml", "permit.yaml.sig")
	}
	for _, name := range files { // one by one, so that recordings can lie beside them
		list = append(list, mount{Name: "scenario", MountPath: path.Join(workDir, name), SubPath: name, ReadOnly: true})
	}
	if j.Recordings != (Volume{}) {
		list = append(list, mount{Name: "recordings", MountPath: path.Join(workDir, j.Recordings.Path), ReadOnly: true})
	}
	return list
}
