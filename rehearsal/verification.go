package rehearsal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/internal/verify"
	"rehearse/internal/verify/sql"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// ReadSent reads from the directory of a run what it sent, and what became of it, to be
// held against what arrived: its scenario, its ledger and those of the runs that it
// resumed. A scenario file need only be named, with the overrides of the run, for the
// directory of a version that did not keep it.
func ReadSent(directory, scenarioFile string, o Overrides) (*verify.Run, error) {
	run, err := readSent(directory, scenarioFile, o)
	if err != nil {
		return nil, fmt.Errorf("cannot verify the run in %q: %w", directory, err)
	}
	return run, nil
}

// readSent is ReadSent without the directory in its errors.
func readSent(directory, scenarioFile string, o Overrides) (*verify.Run, error) {
	path, err := filepath.Abs(directory)
	if err != nil {
		return nil, err
	}
	past, err := OpenPast(path)
	if err != nil {
		return nil, err
	}
	if _, held, err := rundir.ReadState(path); err == nil && held {
		return nil, usage(errors.New("it is still going on, or is being resumed"))
	}
	s, missing, err := past.Scenario(scenarioFile, o)
	if err != nil {
		return nil, err
	}
	facts := &past.Result.Run
	switch needed := neededFor(s, missing); {
	case len(needed) > 0:
		return nil, lacking(needed)
	case s.Replay != nil && s.Replay.Pseudonymize && s.Replay.Key.Reveal() == "":
		return nil, usage(errors.New("its ids were pseudonyms by a key that was not kept, so that its events cannot " +
			"be made again: set replay.key in the scenario before the run"))
	case facts.Shard.Of > 1:
		return nil, usage(fmt.Errorf("it is shard %d of %d: merge the directories of all shards, and "+
			"verify the whole", facts.Shard.Index, facts.Shard.Of))
	}
	run := &verify.Run{ID: facts.ID, Name: s.Name, Scenario: s, Closed: s.Load.Closed > 0}
	run.Drops, run.Notes = dropsOf(s)
	total := int64(0)
	if s.Replay == nil {
		total = schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed).Total()
		err = past.unchanged(s, nil)
	} else {
		total, err = past.replayInto(run, s)
	}
	if err != nil {
		err = wrongScenario(err)
	} else {
		err = sentIn(run, path, total)
	}
	if err != nil {
		run.Close()
		return nil, err
	}
	return run, nil
}

// dropsOf tells which events are taken with a 200 and dropped, by what the scenario says
// of the service: projects over their quota, and restrictions. nil: none are, or it
// cannot be told, because events have several tokens, or there is a number that is left of
// a quota, which depends on the order in which they arrive; untold says so.
func dropsOf(s *scenario.Scenario) (drops func(id []byte) bool, untold []verify.Note) {
	policy := s.Staging.Policy()
	rules := slices.Concat(policy.OverQuota, policy.Drop)
	several := s.Traffic != nil && len(s.Traffic.Tokens) > 0
	if len(rules) > 0 && several || s.Staging.Behind() != nil && s.Staging.Behind().Quota > 0 {
		untold = []verify.Note{{Code: verify.NoteDrops}}
	}
	if len(rules) == 0 || several {
		return nil, untold
	}
	token := s.Target.Token.Reveal()
	if slices.Contains(rules, token) {
		return func([]byte) bool { return true }, untold
	}
	return func(id []byte) bool { return slices.Contains(rules, token+":"+string(id)) }, untold
}

// replayInto opens the recording that a run replayed, so that its events can be made
// again, and returns how many there are.
func (k *Past) replayInto(run *verify.Run, s *scenario.Scenario) (total int64, err error) {
	o, err := source.Open(s, source.Part{})
	if err != nil {
		return 0, err
	}
	run.Release(func() { o.Close() })
	run.Replay = func(each func(int64, time.Duration, *capture.Event) error) error {
		again, err := o.Again(nil)
		if err != nil {
			return err
		}
		skipped := again.Plan.Resumed.Skipped // what is opened again begins at once
		return errors.Join(again.Events(s, func(i int64, due time.Duration, e *capture.Event) error {
			return each(i, due+skipped, e)
		}), again.Close())
	}
	sums, err := o.Recordings()
	if err == nil {
		err = k.unchanged(s, sums)
	}
	return o.Plan.Events, err
}

// sentIn reads the attempts: the run in a directory, and those that it resumed.
func sentIn(run *verify.Run, path string, total int64) error {
	var all []*earlier
	var skipped []time.Duration
	for next := path; next != ""; {
		e, err := readEarlier(next)
		if err != nil {
			return err
		}
		if last := &e.Result.Run; len(all) > 0 && (last.SHA256 != all[0].Result.Run.SHA256 ||
			last.Seed != all[0].Result.Run.Seed) {
			return wrongScenario(fmt.Errorf("the run before it, %q, ran another scenario or seed", next))
		}
		if len(all) > longestChain {
			return fmt.Errorf("it goes back more than %d runs", longestChain)
		}
		before, err := resumedBy(next)
		if err != nil {
			return err
		}
		all, next = append(all, e), ""
		skipped = append(skipped, 0)
		if before != nil {
			skipped[len(all)-1], next = before.Skipped, before.Resumes
		}
	}
	slices.Reverse(all)
	slices.Reverse(skipped)
	var accepted []results.Range // before
	for n, e := range all {
		a, err := e.attempt(accepted, total)
		if err != nil {
			return err
		}
		a.Skipped = skipped[n]
		run.Attempts = append(run.Attempts, a)
		accepted = append(accepted, acceptedOf(e.ledger.Ranges)...)
		for _, d := range e.ledger.Damage {
			run.Doubt = filepath.Join(e.Path, d.String())
			run.Notes = append(run.Notes, verify.Note{Code: verify.NoteDamage, Text: run.Doubt})
		}
		if apart := spanOf(a.Starts); apart > time.Millisecond {
			run.Notes = append(run.Notes, verify.Note{Code: verify.NoteStarts, Text: apart.String()})
		}
	}
	return nil
}

// spanOf is how far times lie apart.
func spanOf(times []time.Time) time.Duration {
	return slices.MaxFunc(times, time.Time.Compare).Sub(slices.MinFunc(times, time.Time.Compare))
}

// acceptedOf are the events of a ledger that were accepted.
func acceptedOf(ledger []results.Range) []results.Range {
	return slices.DeleteFunc(slices.Clone(ledger), func(r results.Range) bool { return r.Fate != capture.FateAccepted })
}

// attempt is what one of the runs sent, of total events, those aside that were accepted
// before.
func (e *earlier) attempt(before []results.Range, total int64) (a verify.Attempt, err error) {
	facts := &e.Result.Run
	a = verify.Attempt{Load: time.Duration(facts.Seconds * float64(time.Second)), Fates: e.ledger.Ranges}
	for _, text := range facts.Starts {
		start, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return a, fmt.Errorf("cannot tell when a shard began: %w", err)
		}
		a.Starts = append(a.Starts, start)
	}
	if len(a.Starts) == 0 {
		start, err := facts.Start()
		if err != nil {
			return a, err
		}
		a.Starts = []time.Time{start}
	}
	killed := facts.Ended == results.Killed || facts.Ended == results.Running
	if !killed && len(e.ledger.Damage) == 0 {
		return a, nil
	}
	below := total // how far it got was not written down, or cannot be trusted
	if e.known {
		below = min(e.state.Reach.Below, total)
	}
	a.Unknown = results.Union(slices.Concat(before, a.Fates)).Gaps(nil, 0, below)
	return a, nil
}

// KeepVerified writes what was found of a run into its directory.
func KeepVerified(directory string, r *verify.Result) error {
	report, err := r.Report.Encode()
	var events bytes.Buffer
	if err == nil {
		err = r.WriteEvents(&events)
	}
	if err == nil {
		err = rundir.Replace(directory, verify.EventsFile, events.Bytes())
	}
	if err == nil {
		err = rundir.Replace(directory, verify.File, report)
	}
	if err != nil {
		return fmt.Errorf("cannot write what was found: %w", err)
	}
	return nil
}

// Verified is what was found of the run in a directory; nil: not asked for. What cannot
// be read is an error.
func Verified(directory string) (*verify.Report, error) {
	text, err := rundir.ReadFile(directory, verify.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return verify.Parse(text)
}

// Database says which database is asked what arrived, and what for.
type Database struct {
	Kind       string // clickhouse or hogql
	Address    string // its URL, without credentials
	Named      string // its host or host:port once more; empty: it is on this machine
	QueryFile  string // holds the SELECT that gives the events; empty: the usual one
	Properties string // all, sample or none: of which events properties are compared
}

// databasesApart is how far the clocks of databases may be behind, which may date rows to
// the second.
const databasesApart = 5 * time.Minute

// CleanupSQL returns the SQL that removes what a run left in a database.
func CleanupSQL(directory string) (string, error) {
	run, err := ReadSent(directory, "", Overrides{})
	if err != nil {
		return "", err
	}
	defer run.Close()
	text, err := sql.Cleanup(run, run.Start().Add(-databasesApart))
	if err != nil {
		return "", usage(fmt.Errorf("cannot clean up after the run in %q: %w", directory, err))
	}
	return text, nil
}

// Open returns the source that the database is. get looks variables of the environment up:
// CLICKHOUSE_USER, CLICKHOUSE_PASSWORD or POSTHOG_PERSONAL_API_KEY, and SQL_TIMEOUT.
func (d *Database) Open(ctx context.Context, run *verify.Run, get func(string) string) (*verify.Source, error) {
	to, err := url.Parse(d.Address)
	if err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
		return nil, fmt.Errorf("cannot read the address of %s: want a URL, as in %[1]s:http://127.0.0.1:8123/", d.Kind)
	}
	o := sql.Options{Kind: d.Kind, Since: run.Start().Add(-databasesApart),
		Properties: sql.Properties(d.Properties), Prefix: run.Prefix()}
	switch o.Properties {
	case sql.All, sql.Sample, sql.None:
	default:
		return nil, usage(fmt.Errorf("--properties is %.40q: want all, sample or none", d.Properties))
	}
	if d.QueryFile != "" {
		text, err := os.ReadFile(d.QueryFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read --query: %w", err)
		}
		o.Query = string(text)
	}
	o.Endpoint = sql.Endpoint{URL: to, Header: credentials(d.Kind, get)}
	if text := get("SQL_TIMEOUT"); text != "" {
		if o.Endpoint.Timeout, err = time.ParseDuration(text); err != nil || o.Endpoint.Timeout <= 0 {
			return nil, fmt.Errorf("SQL_TIMEOUT is %.40q: want a duration such as 2m", text)
		}
	}
	if o.Endpoint.Transport, err = queryTransport(to, d.Named); err != nil {
		return nil, err
	}
	return sql.Open(ctx, run, o)
}

// credentials say who asks.
func credentials(kind string, get func(string) string) http.Header {
	h := http.Header{}
	if kind == "hogql" {
		if key := get("POSTHOG_PERSONAL_API_KEY"); key != "" {
			h.Set("Authorization", "Bearer "+key)
		}
		return h
	}
	user, password := get("CLICKHOUSE_USER"), get("CLICKHOUSE_PASSWORD")
	if user != "" || password != "" {
		h.Set("X-ClickHouse-User", cmp.Or(user, "default"))
		h.Set("X-ClickHouse-Key", password)
	}
	return h
}
