package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rehearse/rehearsal"
)

func TestMain(m *testing.M) { testscript.Main(alone{m}, map[string]func(){"rehearse": main}) }

// alone runs the tests without what the environment would tell the program: where
// a proxy is, say, or where metrics go.
type alone struct{ *testing.M }

func (a alone) Run() int {
	cache, err := os.MkdirTemp("", "rehearse-cache")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(cache)
	os.Setenv("XDG_CACHE_HOME", cache) // locks of permits
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if upper := strings.ToUpper(name); strings.HasSuffix(upper, "_PROXY") || strings.HasPrefix(upper, "OTEL_") ||
			name == rehearsal.SignersVariable {
			os.Unsetenv(name)
		}
	}
	// Most of these tests wait for a run to reach its end: more of them than there
	// are processors go at the same time. -parallel still decides.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	return a.M.Run()
}

// TestScripts runs testdata/script: what a user types and what they see.
func TestScripts(t *testing.T) {
	t.Parallel()
	scenarios, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else every command ends a second later under the race detector
			e.Setenv("SCENARIOS", scenarios+"/../../scenarios")
			e.Setenv("TOMORROW", time.Now().Add(24*time.Hour).Format(time.RFC3339))
			e.Setenv("RUN", scenarios+"/../../results/rundir/testdata/small-import")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Condition: func(name string) (bool, error) {
			if name != "raced" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return raced, nil
		},
	})
}

// exits runs a command and demands its exit code, or one of several:
//
//	exits 104 rehearse run x.yaml
//	exits 0|120 rehearse run x.yaml
//
// On a busy machine an honest run comes out as invalid, whatever else it would
// have been; so those that must not have two requests, of which some may always be
// late. A machine can still stop a run as a whole, which then is run again.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE[|CODE] COMMAND [ARG...]")
	}
	want := strings.Split(args[0], "|")
	code := fmt.Sprint(exitInvalid)
	for try := 0; try < 10 && code == fmt.Sprint(exitInvalid); try++ {
		out := slices.IndexFunc(args, func(arg string) bool { return arg == "-o" || arg == "--out" })
		if try > 0 && out > 0 {
			ts.Check(os.RemoveAll(ts.MkAbs(args[out+1])))
		}
		if code = fmt.Sprint(execute(ts, args[1:])); slices.Contains(want, code) {
			return
		}
	}
	ts.Fatalf("exit code %s, want %s", code, args[0])
}

// execute runs a command and returns its exit code.
func execute(ts *testscript.TestScript, args []string) int {
	var failed *exec.ExitError
	err := ts.Exec(args[0], args[1:]...)
	if err != nil && !errors.As(err, &failed) {
		ts.Fatalf("%v", err)
	}
	if failed != nil {
		return failed.ExitCode()
	}
	return 0
}
