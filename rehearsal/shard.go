package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"rehearse/results"
)

// ShardFromEnv is the shard that the engine names which started this process.
const ShardFromEnv = "env"

// arrayEngine is how an engine that runs a command many times tells each of them
// which one it is.
type arrayEngine struct {
	name  string
	index string // the variable with the number of this process
	total string // the variable with how many there are; empty: it has none
	least string // the variable with the lowest number; empty: first is it
	first int
}

// arrayEngines are those that are known. Sources: the documentation of each for its
// environment variables, as of November 2026.
func arrayEngines() []arrayEngine {
	return []arrayEngine{
		{name: "a Kubernetes Indexed Job", index: "JOB_COMPLETION_INDEX"},
		{name: "a Slurm job array", index: "SLURM_ARRAY_TASK_ID", total: "SLURM_ARRAY_TASK_COUNT",
			least: "SLURM_ARRAY_TASK_MIN"},
		{name: "a Cloud Run job", index: "CLOUD_RUN_TASK_INDEX", total: "CLOUD_RUN_TASK_COUNT"},
		{name: "an AWS Batch array job", index: "AWS_BATCH_JOB_ARRAY_INDEX", total: "AWS_BATCH_JOB_ARRAY_SIZE"},
		{name: "a Google Batch job", index: "BATCH_TASK_INDEX", total: "BATCH_TASK_COUNT"},
		{name: "GitLab's parallel", index: "CI_NODE_INDEX", total: "CI_NODE_TOTAL", first: 1},
		{name: "CircleCI's parallelism", index: "CIRCLE_NODE_INDEX", total: "CIRCLE_NODE_TOTAL"},
		{name: "Buildkite's parallelism", index: "BUILDKITE_PARALLEL_JOB", total: "BUILDKITE_PARALLEL_JOB_COUNT"},
	}
}

// ParseShard reads which part of a run a process does: "i/N", with i from 0 to
// N−1; "env", as the engine says that started it; or "env/N" where the engine does
// not say how many there are. The empty string is all of it. The error is a Mistake
// of Usage.
func ParseShard(text string, lookup func(string) (string, bool)) (results.Shard, error) {
	var s results.Shard
	index, total, found := strings.Cut(text, "/")
	if text == "" {
		return s, nil
	}
	var err error
	if found {
		if s.Of, err = strconv.Atoi(total); err != nil || s.Of < 1 {
			return results.Shard{}, unreadableShard(text)
		}
	}
	switch {
	case index == ShardFromEnv:
		s, err = fromEngine(s.Of, lookup)
		if err != nil {
			return results.Shard{}, usage(fmt.Errorf("cannot read --shard %s: %w", text, err))
		}
		return s, nil
	case !found:
		return results.Shard{}, unreadableShard(text)
	}
	if s.Index, err = strconv.Atoi(index); err != nil || s.Index < 0 || s.Index >= s.Of ||
		text != fmt.Sprintf("%d/%d", s.Index, s.Of) {
		return results.Shard{}, unreadableShard(text)
	}
	return s, nil
}

// unreadableShard says what --shard wants.
func unreadableShard(text string) error {
	return usage(fmt.Errorf("cannot read --shard %q: want i/N with i from 0 to N-1, as in 0/4, or env, or env/N", text))
}

// fromEngine asks the environment. It must be one engine that speaks: a CI job in
// a pod has the variables of two, and which of them is meant is not known.
func fromEngine(of int, lookup func(string) (string, bool)) (results.Shard, error) {
	var known []string
	var speaking []arrayEngine
	for _, e := range arrayEngines() {
		known = append(known, e.index)
		if _, set := lookup(e.index); set {
			speaking = append(speaking, e)
		}
	}
	switch len(speaking) {
	case 0:
		return results.Shard{}, fmt.Errorf("the environment names no shard: none of %s is set",
			strings.Join(known, ", "))
	case 1:
		return speaking[0].shard(of, lookup)
	}
	return results.Shard{}, fmt.Errorf("the environment names two shards, by %s and by %s: give --shard i/N",
		speaking[0].index, speaking[1].index)
}

// shard reads what the variables of an engine say.
func (e *arrayEngine) shard(of int, lookup func(string) (string, bool)) (s results.Shard, err error) {
	number := func(variable string, unset int) int {
		text, set := lookup(variable)
		if variable == "" || !set {
			return unset
		}
		n, bad := strconv.Atoi(text)
		if bad != nil && err == nil {
			err = fmt.Errorf("%s is %q, which is no number", variable, text)
		}
		return n
	}
	s.Index = number(e.index, 0) - number(e.least, e.first)
	s.Of = number(e.total, of)
	switch {
	case err != nil:
		return results.Shard{}, err
	case s.Of == 0:
		return results.Shard{}, fmt.Errorf("%s does not say how many shards there are: give --shard env/N", e.name)
	case of != 0 && s.Of != of:
		return results.Shard{}, fmt.Errorf("%s says %d shards in %s, and --shard says %d", e.name, s.Of, e.total, of)
	case s.Index < 0 || s.Index >= s.Of:
		return results.Shard{}, fmt.Errorf("%s says that this is shard %d of %d, counted from 0: there is none such",
			e.name, s.Index, s.Of)
	}
	return s, nil
}

// validRunID is what a run may be called by its user: it stands in a header, in
// file names and in the names of objects elsewhere.
const validRunID = `^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`

// checkOptions is an error if the run may not be called what it is asked to be, or
// is given two starts.
func (r *rehearsal) checkOptions() error {
	if r.RunID != "" && !regexp.MustCompile(validRunID).MatchString(r.RunID) {
		return usage(fmt.Errorf("cannot take --run-id %q: want letters, digits, dots, dashes and "+
			"underscores, 63 at most", r.RunID))
	}
	if r.StartFile != "" && !r.Start.IsZero() {
		return usage(errors.New("--start-at and --start-file exclude each other"))
	}
	return nil
}

// StartWithin is how far ahead the start of a run may be, and how long a run waits
// for the file that tells it.
const StartWithin = 24 * time.Hour

// lookEvery is how often a run looks for the file that tells it when to start. A
// pod's file is there 0.4 s after its annotation was set.
const lookEvery = 100 * time.Millisecond

// begin is the instant that all offsets count from: the one that was asked for, or
// the one that a file says as soon as it is there. A run that is not ready by then
// does not start: the others would have sent their parts already.
func (r *rehearsal) begin(soft context.Context) (time.Time, error) {
	if r.StartFile != "" {
		r.note("ready: the load starts when %s says", r.StartFile)
		var err error
		if r.Start, err = awaitStart(soft, r.StartFile); err != nil {
			return time.Time{}, err
		}
		r.note("start: the load starts at %s", r.Start.UTC().Format(time.RFC3339Nano))
	}
	now := time.Now()
	if r.Start.IsZero() {
		return now.Add(Lead), nil
	}
	ahead := r.Start.Sub(now) // from here on by the monotonic clock
	if ahead < 0 {
		return time.Time{}, &Mistake{Late, fmt.Errorf("too late by %v for the start at %s: nothing was sent",
			(-ahead).Round(time.Millisecond), r.Start.UTC().Format(time.RFC3339Nano))}
	}
	return now.Add(ahead), nil
}

// expectedStart is when the run would start if it were ready now.
func (r *rehearsal) expectedStart() time.Time {
	if r.Start.IsZero() {
		return time.Now().Add(Lead)
	}
	return r.Start
}

// awaitStart waits until a file says when to start. It may not be there yet, or be
// empty: it is looked at again until soft ends or StartWithin is over.
func awaitStart(soft context.Context, path string) (time.Time, error) {
	soft, cancel := context.WithTimeout(soft, StartWithin)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		text, err := readStart(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return time.Time{}, fmt.Errorf("cannot read --start-file: %w", err)
		}
		if text != "" {
			return ParseStart(text)
		}
		select {
		case <-look.C:
		case <-soft.Done():
			return time.Time{}, &Mistake{Stopped,
				fmt.Errorf("stopped while it waited for %s to say when to start: nothing was sent", path)}
		}
	}
}

// readStart is what the file says; a time is short.
func readStart(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 64))
	return strings.TrimSpace(string(text)), err
}

// ParseStart reads the time of a start, which is not more than StartWithin ahead.
// The error is a Mistake of Usage.
func ParseStart(text string) (time.Time, error) {
	start, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return start, usage(fmt.Errorf("cannot read the start %q: want a time as in 2026-12-01T10:00:00Z", text))
	}
	if time.Until(start) > StartWithin {
		return start, usage(fmt.Errorf("the start at %s is not within the next 24 hours", text))
	}
	return start, nil
}
