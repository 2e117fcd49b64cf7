package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// keptRun is a run directory from which the run's events can be made again.
type keptRun struct {
	*results.Run
	resolved *scenario.Resolved // nil: of a version that did not keep it
}

// openKept opens the directory of a run.
func openKept(path string) (*keptRun, error) {
	run, err := results.Open(path)
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	k := &keptRun{Run: run}
	text, err := rundir.ReadFile(path, results.ResolvedFile)
	sum := sha256.Sum256(text)
	want := run.Result.Run.Resolved
	switch {
	case errors.Is(err, fs.ErrNotExist) && want == "":
		return k, nil
	case err != nil:
		return nil, err
	case want != "" && hex.EncodeToString(sum[:]) != want:
		return nil, fmt.Errorf("%s is damaged: it is not what the run wrote, by the checksum in %s", filepath.Join(path, results.ResolvedFile), results.ResultFile)
	}
	k.resolved, err = scenario.ParseResolved(filepath.Join(path, results.ResolvedFile), text)
	return k, err
}

// given is what a command line says of a run's scenario besides naming the run.
type given struct {
	path  string   // the scenario file; empty: not named
	set   []string // overrides
	token string
}

// scenario makes the run's scenario again, without any flag that the run was given.
// A scenario file that is named must be the run's. missing are secrets that nobody
// knows.
func (k *keptRun) scenario(g given) (s *scenario.Scenario, missing []scenario.SecretRef, err error) {
	var named *scenario.Scenario
	if g.path != "" {
		if named, err = scenario.LoadWith(g.path, scenario.Options{LookupEnv: os.LookupEnv, Set: g.set}); err != nil {
			return nil, nil, err
		}
	}
	sum := k.Result.Run.SHA256
	switch {
	case k.resolved == nil && named == nil:
		return nil, nil, exitError{exitUsage, fmt.Errorf("it has no %s: name the scenario file that it ran, and give the same flags", results.ResolvedFile)}
	case k.resolved == nil && named.SHA256() == sum:
		return named, nil, nil
	case named == nil && len(g.set) > 0:
		return nil, nil, exitError{exitUsage, errors.New("its directory knows what it ran with: leave --set, --seed and --target out")}
	case named != nil && named.SHA256() != sum && (k.resolved == nil || len(g.set) > 0 || named.FileSHA256() != k.resolved.FileSHA256):
		return nil, nil, exitError{exitScenario, fmt.Errorf("it ran another scenario, or with other overrides (compare its %s, and give the same with --set)", results.ScenarioFile)}
	}
	if named != nil && k.resolved.Is(named) {
		return named, nil, nil
	}
	s, missing, err = k.resolved.Scenario(filepath.Join(k.Path, results.ResolvedFile), k.secrets(g.token, named))
	if err != nil {
		return nil, nil, exitError{exitScenario, err}
	}
	text, err := rundir.ReadFile(k.Path, results.ScenarioFile)
	s.Keep(text)
	return s, missing, err
}

// secrets returns what knows the secrets of the run: --token, the environment, the
// scenario file that is named, and the one that the run was started with, if it
// still says the same.
func (k *keptRun) secrets(token string, named *scenario.Scenario) func(*scenario.SecretRef) (string, bool) {
	if named == nil {
		if file, err := scenario.LoadWith(k.resolved.Path, scenario.Options{LookupEnv: os.LookupEnv, Dir: k.resolved.Dir}); err == nil && file.FileSHA256() == k.resolved.FileSHA256 {
			named = file
		}
	}
	return func(ref *scenario.SecretRef) (string, bool) {
		if token != "" && ref.Path == "target.token" {
			return token, true
		}
		if value, set := os.LookupEnv(ref.Variable); set && scenario.FingerprintOf(scenario.NewSecret(value)) == ref.Fingerprint {
			return value, true
		}
		if named == nil {
			return "", false
		}
		secret, known := named.SecretAt(ref.Path)
		return secret.Reveal(), known && scenario.FingerprintOf(secret) == ref.Fingerprint
	}
}

// lacking says which secrets are to be given, and how.
func lacking(missing []scenario.SecretRef) error {
	var how []string
	for _, ref := range missing {
		switch {
		case ref.Variable != "":
			how = append(how, fmt.Sprintf("%s: set the environment variable %s to what it was (%s)", ref.Path, ref.Variable, ref.Fingerprint))
		case ref.Path == "target.token":
			how = append(how, ref.Path+": give --token ("+ref.Fingerprint+")")
		default:
			how = append(how, ref.Path+": name the scenario file")
		}
	}
	return exitError{exitUsage, fmt.Errorf("the run directory does not hold secrets, and these are needed: %s", strings.Join(how, "; "))}
}

// unchanged is an error if what the run read is not what s reads now: its recordings,
// and what it was loaded from.
func (k *keptRun) unchanged(s *scenario.Scenario, recordings []scenario.FileSum) error {
	if k.resolved == nil {
		return nil
	}
	return k.resolved.Changed(slices.Concat(recordings, s.Series()))
}
