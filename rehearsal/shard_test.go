package rehearsal

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/results"
)

// environment is one of a process, as pairs of name=value.
func environment(pairs string) func(string) (string, bool) {
	set := map[string]string{}
	for pair := range strings.FieldsSeq(pairs) {
		name, value, _ := strings.Cut(pair, "=")
		set[name] = value
	}
	return func(name string) (string, bool) { v, known := set[name]; return v, known }
}

// Each engine's variables name the shard; what they leave open, or contradict, is
// asked about and not assumed.
func TestParseShard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shard, env string
		want       results.Shard
		says       string // of the error
	}{
		{"", "", results.Shard{}, ""},
		{"", "JOB_COMPLETION_INDEX=1", results.Shard{}, ""}, // nobody asked for it
		{"0/4", "", results.Shard{Index: 0, Of: 4}, ""},
		{"3/4", "CI_NODE_INDEX=1 CI_NODE_TOTAL=2", results.Shard{Index: 3, Of: 4}, ""},
		{"4/4", "", results.Shard{}, "i from 0 to N-1"},
		{"-1/4", "", results.Shard{}, "i from 0 to N-1"},
		{"01/4", "", results.Shard{}, "i from 0 to N-1"},
		{"1/0", "", results.Shard{}, "i from 0 to N-1"},
		{"1", "", results.Shard{}, "i from 0 to N-1"},
		{"1/2/3", "", results.Shard{}, "i from 0 to N-1"},
		{"env/8", "JOB_COMPLETION_INDEX=3", results.Shard{Index: 3, Of: 8}, ""},
		{"env", "JOB_COMPLETION_INDEX=3", results.Shard{}, "does not say how many"},
		{"env/3", "JOB_COMPLETION_INDEX=3", results.Shard{}, "shard 3 of 3"},
		{"env", "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=3",
			results.Shard{Index: 2, Of: 4}, ""},
		{"env", "CLOUD_RUN_TASK_INDEX=0 CLOUD_RUN_TASK_COUNT=2", results.Shard{Index: 0, Of: 2}, ""},
		{"env", "AWS_BATCH_JOB_ARRAY_INDEX=9 AWS_BATCH_JOB_ARRAY_SIZE=10", results.Shard{Index: 9, Of: 10}, ""},
		{"env", "BATCH_TASK_INDEX=1 BATCH_TASK_COUNT=2", results.Shard{Index: 1, Of: 2}, ""},
		{"env", "CI_NODE_INDEX=1 CI_NODE_TOTAL=2", results.Shard{Index: 0, Of: 2}, ""}, // counted from 1
		{"env", "CI_NODE_INDEX=2 CI_NODE_TOTAL=2", results.Shard{Index: 1, Of: 2}, ""},
		{"env", "CI_NODE_INDEX=0 CI_NODE_TOTAL=2", results.Shard{}, "shard -1 of 2"},
		{"env", "CIRCLE_NODE_INDEX=1 CIRCLE_NODE_TOTAL=2", results.Shard{Index: 1, Of: 2}, ""},
		{"env", "BUILDKITE_PARALLEL_JOB=0 BUILDKITE_PARALLEL_JOB_COUNT=2", results.Shard{Index: 0, Of: 2}, ""},
		{"env/3", "CI_NODE_INDEX=1 CI_NODE_TOTAL=2", results.Shard{}, "and --shard says 3"},
		{"env", "CI_NODE_INDEX=one CI_NODE_TOTAL=2", results.Shard{}, `CI_NODE_INDEX is "one"`},
		{"env", "", results.Shard{}, "none of JOB_COMPLETION_INDEX"},
		{"env/2", "JOB_COMPLETION_INDEX=0 CI_NODE_INDEX=1 CI_NODE_TOTAL=2", results.Shard{}, "names two shards"},
	} {
		got, err := ParseShard(c.shard, environment(c.env))
		switch {
		case c.says == "" && (err != nil || got != c.want):
			t.Errorf("--shard %q with %q: %v, %v; want %v", c.shard, c.env, got, err, c.want)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || KindOf(err) != Usage):
			t.Errorf("--shard %q with %q: %v, %v; want an error with %q", c.shard, c.env, got, err, c.says)
		}
	}
}

// A run waits for its file, which may be empty at first, and starts at the time in it.
func TestStartFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "at")
		want := time.Now().Add(time.Minute).Truncate(time.Second)
		go func() {
			time.Sleep(5 * time.Second)
			write(t, path, "")
			time.Sleep(5 * time.Second)
			write(t, path, want.Format(time.RFC3339)+"\n")
		}()
		r := &rehearsal{Options: Options{Group: Group{StartFile: path}}}
		began := time.Now()
		start, err := r.begin(t.Context())
		if err != nil || !start.Equal(want) {
			t.Fatalf("start %v, %v; want %v", start, err, want)
		}
		if waited := time.Since(began); waited > 10*time.Second+lookEvery {
			t.Errorf("it took %v to see the file", waited)
		}
	})
}

// write makes a file.
func write(t *testing.T, path, text string) {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

// A run that cannot start in time, or is stopped while it waits, says so and has
// sent nothing.
func TestNoStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		past := time.Now().Add(-3 * time.Second)
		bad, late := filepath.Join(t.TempDir(), "bad"), filepath.Join(t.TempDir(), "late")
		write(t, bad, "soon")
		write(t, late, past.Format(time.RFC3339))
		stopped, stop := context.WithCancel(t.Context())
		stop()
		for _, c := range []struct {
			name string
			ctx  context.Context
			o    Options
			kind Kind
			says string
		}{
			{"late", t.Context(), Options{Group: Group{Start: past}}, Late, "too late by 3s"},
			{"late by its file", t.Context(), Options{Group: Group{StartFile: late}}, Late, "too late by 3s"},
			{"no time", t.Context(), Options{Group: Group{StartFile: bad}}, Usage, `cannot read the start "soon"`},
			{"a directory", t.Context(), Options{Group: Group{StartFile: t.TempDir()}}, 0, "cannot read --start-file"},
			{"stopped", stopped, Options{Group: Group{StartFile: filepath.Join(t.TempDir(), "never")}}, Stopped,
				"nothing was sent"},
			{"never told", t.Context(), Options{Group: Group{StartFile: filepath.Join(t.TempDir(), "never")}}, Stopped,
				"nothing was sent"},
		} {
			r := &rehearsal{Options: c.o}
			_, err := r.begin(c.ctx)
			if err == nil || KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v of kind %d; want kind %d and %q", c.name, err, KindOf(err), c.kind, c.says)
			}
		}
	})
}

// What an id may be, and that there is one start.
func TestCheckOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o  Options
		ok bool
	}{
		{Options{}, true},
		{Options{Group: Group{RunID: "import-2026-12-01.a_b"}}, true},
		{Options{Group: Group{RunID: "a"}}, true},
		{Options{Group: Group{RunID: "-a"}}, false},
		{Options{Group: Group{RunID: "a/b"}}, false},
		{Options{Group: Group{RunID: "a\r\nb"}}, false},
		{Options{Group: Group{RunID: strings.Repeat("a", 64)}}, false},
		{Options{Group: Group{StartFile: "f", Start: time.Now()}}, false},
	} {
		r := &rehearsal{Options: c.o}
		if err := r.checkOptions(); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}
