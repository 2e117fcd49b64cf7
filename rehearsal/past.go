package rehearsal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/scenario/strict"
)

// Past is a run directory from which the run's events can be made again.
type Past struct {
	*rundir.Run
	resolved *scenario.Resolved // nil: of a version that did not keep it
}

// OpenPast opens the directory of a run.
func OpenPast(path string) (*Past, error) {
	run, err := rundir.Open(path)
	if err != nil {
		return nil, usage(err)
	}
	k := &Past{Run: run}
	text, err := rundir.ReadFile(path, rundir.ResolvedFile)
	sum := sha256.Sum256(text)
	want := run.Result.Run.Resolved
	switch {
	case errors.Is(err, fs.ErrNotExist) && want == "":
		return k, nil
	case err != nil:
		return nil, err
	case want != "" && hex.EncodeToString(sum[:]) != want:
		return nil, wrongScenario(fmt.Errorf("%s is damaged: it is not what the run wrote, by the checksum in %s",
			filepath.Join(path, rundir.ResolvedFile), rundir.ResultFile))
	}
	k.resolved, err = scenario.ParseResolved(filepath.Join(path, rundir.ResolvedFile), text)
	return k, err
}

// Scenario makes the run's scenario again, without any override that the run was
// given. A scenario file that is named, the empty path is none, must be the run's.
// missing are secrets that are not known.
func (k *Past) Scenario(path string, o Overrides) (s *scenario.Scenario, missing []scenario.SecretRef, err error) {
	var named *scenario.Scenario
	set := o.list()
	if path != "" {
		if named, err = Load(path, o); err != nil {
			return nil, nil, err
		}
	} else if o.Token != "" { // it is no override then, but what the directory does not hold
		without := o
		without.Token = ""
		set = without.list()
	}
	sum := k.Result.Run.SHA256
	switch {
	case k.resolved == nil && named == nil:
		return nil, nil, usage(fmt.Errorf("it has no %s: name the scenario file that it ran, and give the same flags",
			rundir.ResolvedFile))
	case k.resolved == nil && named.SHA256() == sum:
		return named, nil, nil
	case named == nil && len(set) > 0:
		return nil, nil, usage(errors.New("its directory knows what it ran with: leave --set, --seed and --target out"))
	case named != nil && named.SHA256() != sum &&
		(k.resolved == nil || len(set) > 0 || named.FileSHA256() != k.resolved.FileSHA256):
		return nil, nil, wrongScenario(fmt.Errorf("it ran another scenario, or with other overrides (compare its "+
			"%s, and give the same with --set)", rundir.ScenarioFile))
	}
	if named != nil && k.resolved.Is(named) {
		return named, nil, nil
	}
	s, missing, err = k.resolved.Scenario(filepath.Join(k.Path, rundir.ResolvedFile), k.secrets(o.Token, named))
	if err != nil {
		return nil, nil, wrongScenario(err)
	}
	text, err := rundir.ReadFile(k.Path, rundir.ScenarioFile)
	s.Keep(text)
	return s, missing, err
}

// secrets returns what knows the secrets of the run: --token, the environment, the
// scenario file that is named, and the one that the run was started with, if it
// still says the same.
func (k *Past) secrets(token string, named *scenario.Scenario) func(*scenario.SecretRef) (string, bool) {
	if named == nil {
		if file, err := scenario.LoadWith(k.resolved.Path, scenario.Options{LookupEnv: os.LookupEnv,
			Dir: k.resolved.Dir}); err == nil && file.FileSHA256() == k.resolved.FileSHA256 {
			named = file
		}
	}
	return func(ref *scenario.SecretRef) (string, bool) {
		if token != "" && ref.Path == "target.token" {
			return token, true
		}
		if value, set := os.LookupEnv(ref.Variable); set && strict.NewSecret(value).Fingerprint() == ref.Fingerprint {
			return value, true
		}
		if named == nil {
			return "", false
		}
		secret, known := named.SecretAt(ref.Path)
		return secret.Reveal(), known && secret.Fingerprint() == ref.Fingerprint
	}
}

// lacking says which secrets are to be given, and how.
func lacking(missing []scenario.SecretRef) error {
	var how []string
	for _, ref := range missing {
		switch {
		case ref.Variable != "":
			how = append(how, fmt.Sprintf("%s: set the environment variable %s to what it was (%s)", ref.Path,
				ref.Variable, ref.Fingerprint))
		case ref.Path == "target.token":
			how = append(how, ref.Path+": give --token ("+ref.Fingerprint+")")
		default:
			how = append(how, ref.Path+": name the scenario file")
		}
	}
	return usage(fmt.Errorf("the run directory does not hold secrets, and these are needed: %s",
		strings.Join(how, "; ")))
}

// unchanged is an error if what the run read is not what s reads now: its recordings,
// and what it was loaded from.
func (k *Past) unchanged(s *scenario.Scenario, recordings []scenario.FileSum) error {
	if k.resolved == nil {
		return nil
	}
	return k.resolved.Changed(slices.Concat(recordings, s.Load.Series))
}

// LostOptions say which of the events that a run sent and the endpoint did not accept
// are meant.
type LostOptions struct {
	Scenario string   // the scenario file; empty: what the directory keeps
	Set      []string // overrides of it
	Most     int64    // how many events, from the first on
	Certain  bool     // leave out what may be stored all the same
	Note     func(line string)
}

// WriteLost writes to out, a line of JSON each, the events that the run in a directory
// sent and the endpoint did not accept. Which they are says the ledger; what they were
// follows from the scenario.
func WriteLost(out io.Writer, directory string, o LostOptions) error {
	run, err := OpenPast(directory)
	if err != nil {
		return wrongScenario(err)
	}
	s, missing, err := run.Scenario(o.Scenario, Overrides{Set: o.Set})
	if err != nil {
		return fmt.Errorf("cannot print the events of %q: %w", directory, err)
	}
	if needed := neededFor(s, missing); len(needed) > 0 {
		return fmt.Errorf("cannot print the events of %q: %w", directory, lacking(needed))
	}
	lost, err := run.lost(o)
	if err == nil {
		err = source.SampleLost(out, s, lost, func(sums []scenario.FileSum) error { return run.unchanged(s, sums) })
	}
	if err != nil {
		return wrongScenario(err)
	}
	return nil
}

// neededFor are those of the missing secrets without which the events of s are not
// what they were: a token is in none of them, unless the scenario says it elsewhere.
func neededFor(s *scenario.Scenario, missing []scenario.SecretRef) (needed []scenario.SecretRef) {
	for _, ref := range missing {
		if ref.Elsewhere || s.Replay != nil && s.Replay.Pseudonymize && ref.Path == "replay.key" {
			needed = append(needed, ref)
		}
	}
	return needed
}

// lost are the first n events of a run that were sent and not accepted, as they were
// sent; with certain those that are certain not to be stored.
func (k *Past) lost(o LostOptions) (lost source.Lost, err error) {
	facts := &k.Result.Run
	ledger, err := k.Ledger()
	if err != nil {
		return lost, err
	}
	for _, d := range ledger.Damage {
		o.Note(fmt.Sprintf("warning: %s: events that stood there are not listed", filepath.Join(k.Path, d.String())))
	}
	before, err := resumedBy(k.Path)
	if err != nil {
		return lost, err
	}
	lost = source.Lost{Shards: max(facts.Merged, facts.Shard.Of), Ranges: refused(ledger.Ranges, o.Most, o.Certain)}
	if before != nil {
		lost.Skipped = before.Skipped
	}
	for _, text := range facts.Starts {
		start, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return lost, fmt.Errorf("cannot tell when a shard began: %w", err)
		}
		lost.Starts = append(lost.Starts, start)
	}
	if len(lost.Starts) == 0 {
		start, err := facts.Start()
		lost.Starts = []time.Time{start}
		return lost, err
	}
	return lost, nil
}

// refused are the first n events of a ledger that were sent and not accepted; with
// certain those that are certain not to be stored.
func refused(ledger []results.Range, n int64, certain bool) (some []results.Range) {
	for _, r := range ledger {
		doubtful := r.Fate == capture.FateAmbiguous || r.Fate == capture.FateMayBeStored
		if n > 0 && (r.Fate == capture.FateRejected || doubtful && !certain) {
			r.Count = min(r.Count, n)
			n -= r.Count
			some = append(some, r)
		}
	}
	return some
}
