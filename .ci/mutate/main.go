// Command mutate changes the code in small ways, one at a time, and runs the
// tests of the changed package: a change that no test notices is a gap in them.
//
//	go run ./.ci/mutate                          150 mutants over all packages
//	go run ./.ci/mutate -n 40 ./results ./internal/capture
//	go run ./.ci/mutate -seed 7 -least 90        another sample; exit 1 below 90 %
//
// The same seed and tree give the same mutants. The tree itself is not touched:
// a mutant reaches the compiler as an overlay.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	n := flag.Int("n", 150, "how many mutants to try")
	seed := flag.Uint64("seed", 1, "which sample of all mutants")
	least := flag.Float64("least", 0, "exit 1 if fewer `percent` of a package's mutants are killed")
	limit := flag.Duration("timeout", time.Minute, "how long the tests of a package may take; a mutant that takes longer is killed")
	flag.Parse()
	patterns := flag.Args()
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	ok, err := try(patterns, *n, *seed, *least, *limit)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// try runs a sample of n mutants and prints what became of them. ok says whether
// every package reached its least share of killed mutants, in percent.
func try(patterns []string, n int, seed uint64, least float64, limit time.Duration) (ok bool, err error) {
	packages, err := list(patterns)
	if err != nil {
		return false, err
	}
	var all []*mutant
	for _, p := range packages {
		some, err := p.mutants()
		if err != nil {
			return false, err
		}
		all = append(all, some...)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(scratch)
	tallies := map[string]*tally{}
	for _, m := range all {
		if n == 0 {
			break
		}
		fate, err := m.test(scratch, limit)
		if err != nil {
			return false, err
		}
		if fate == notBuilt {
			continue
		}
		n--
		if tallies[m.in.ImportPath] == nil {
			tallies[m.in.ImportPath] = &tally{}
		}
		tallies[m.in.ImportPath].count(fate)
		if fate == survived {
			fmt.Printf("survived  %s\n", m)
		}
	}
	return report(tallies, least), nil
}

// tally counts the mutants of a package.
type tally struct{ killed, all int }

func (t *tally) count(f fate) {
	t.all++
	if f == killed {
		t.killed++
	}
}

func (t *tally) percent() float64 { return 100 * float64(t.killed) / float64(t.all) }

// report prints a line a package, and tells whether each has its least share.
func report(tallies map[string]*tally, least float64) (ok bool) {
	ok = true
	var total tally
	names := make([]string, 0, len(tallies))
	for name, t := range tallies {
		names = append(names, name)
		total.killed, total.all = total.killed+t.killed, total.all+t.all
	}
	slices.Sort(names)
	for _, name := range names {
		t := tallies[name]
		fmt.Printf("%-28s %3d of %3d killed  %5.1f %%\n", name, t.killed, t.all, t.percent())
		ok = ok && t.percent() >= least
	}
	if total.all > 0 {
		fmt.Printf("%-28s %3d of %3d killed  %5.1f %%\n", "all", total.killed, total.all, total.percent())
	}
	return ok
}

// fate is what became of a mutant.
type fate int

const (
	notBuilt fate = iota // the compiler or vet refused it
	killed               // a test failed, or hung
	survived
)

// test runs the tests of the mutant's package on it.
func (m *mutant) test(scratch string, limit time.Duration) (fate, error) {
	text, err := m.source()
	if err != nil {
		return notBuilt, err
	}
	changed, overlay := filepath.Join(scratch, "mutant.go"), filepath.Join(scratch, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {m.file: changed}})
	if err != nil {
		return notBuilt, err
	}
	for name, content := range map[string][]byte{changed: text, overlay: replace} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return notBuilt, err
		}
	}
	if exec.Command("go", "build", "-overlay", overlay, "-o", os.DevNull, m.in.ImportPath).Run() != nil {
		return notBuilt, nil
	}
	// The time-out is that of the test binary, so that one which hangs ends itself.
	tests := exec.Command("go", "test", "-count=1", "-vet=off", "-failfast", "-timeout", limit.String(),
		"-overlay", overlay, m.in.ImportPath)
	if tests.Run() != nil {
		return killed, nil
	}
	return survived, nil
}

// listed is a package as go list tells it.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	TestGoFiles     []string
	XTestGoFiles    []string
}

// list returns the packages that have code and tests.
func list(patterns []string) ([]*listed, error) {
	text, err := exec.Command("go", append([]string{"list", "-json"}, patterns...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", strings.Join(patterns, " "), err)
	}
	var packages []*listed
	for in := json.NewDecoder(strings.NewReader(string(text))); in.More(); {
		var p listed
		if err := in.Decode(&p); err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if len(p.GoFiles) > 0 && len(p.TestGoFiles)+len(p.XTestGoFiles) > 0 {
			packages = append(packages, &p)
		}
	}
	return packages, nil
}
