package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rehearse/internal/capacity"
	"rehearse/internal/permit"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// SearchOptions are what a search for the capacity is asked for.
type SearchOptions struct {
	Trials Options // of each trial; Directory is that of the search, empty: results/capacity/<utc>-<name>
	Config capacity.Config
	Build  string // of the endpoint, to be kept with the result

	// Nil: not called. Begin is called before the first trial, During follows a trial, Came is told its outcome.
	Begin  func(directory string)
	During func(*capacity.Search, *capacity.Trial) Progress
	Came   func(*capacity.Search, *capacity.Trial, *capacity.Observation)
}

// The files of a search's directory, besides a run directory for each trial.
const (
	CapacityFile  = "capacity.json"
	PictureFile   = "capacity.svg"  // latency against load
	MeasuredFacts = "pipeline.yaml" // for check --pipeline; only of a search that came to a number
)

// FindCapacity runs trial after trial until the search has ended, and returns what it
// came to and its directory, where what is known after each trial is kept. When soft ends,
// so does the search, after the trial that is under way; when hard ends, that is given up.
func FindCapacity(soft, hard context.Context, o SearchOptions) (*capacity.Document, string, error) {
	s, err := Load(o.Trials.Scenario, o.Trials.Overrides)
	if err != nil {
		return nil, "", err
	}
	if err := FitsTrial(s); err != nil {
		return nil, "", err
	}
	bounds, err := o.Trials.Bounds()
	if err != nil {
		return nil, "", err
	}
	search, err := capacity.NewSearch(o.Config)
	if err != nil {
		return nil, "", usage(err)
	}
	c := &capacitySearch{SearchOptions: o, scenario: s, search: search, bounds: bounds, told: map[string]bool{}}
	if err := c.begin(); err != nil {
		return nil, "", err
	}
	if err := c.all(soft, hard); err != nil {
		return nil, "", err
	}
	return search.Document(c.conditions), c.path, nil
}

// CostsFile has what kinds of events cost, in the directory of MeasureCosts.
const CostsFile = "costs.json"

// MeasureCosts searches the capacity for one kind of traffic after the other, each within
// the budget, and returns what their events cost, with the directory that has it and the
// searches. Begin is told of each search. Once soft ends, what is left is not searched.
func MeasureCosts(soft, hard context.Context, o SearchOptions) (*capacity.Weights, string, error) {
	s, err := Load(o.Trials.Scenario, o.Trials.Overrides)
	if err != nil {
		return nil, "", err
	}
	if err := FitsTrial(s); err != nil {
		return nil, "", err
	}
	if s.Traffic == nil {
		return nil, "", wrongScenario(errors.New("costs are measured of traffic that is synthesized, one kind after " +
			"the other: a recording has its own (rehearse profile makes a scenario of it)"))
	}
	path := o.Trials.Directory
	if path == "" {
		path = filepath.Join("results", "costs", time.Now().UTC().Format("20060102T150405Z")+"-"+fileName(s.Name))
	}
	if err := newDirectory(path); err != nil {
		return nil, "", err
	}
	variants := capacity.Variants()
	var documents []*capacity.Document
	const apart = 10_000 // so that no two searches send the same events
	for i, v := range variants {
		one := o
		one.Trials.Overrides.Seed = ""
		one.Trials.Overrides.Set = slices.Concat(o.Trials.Overrides.Set, v.Set,
			[]string{fmt.Sprintf("traffic.seed=%d", s.Traffic.Seed+uint64(i+1)*apart)})
		one.Trials.Directory = filepath.Join(path, fmt.Sprintf("%d-%s", i+1, fileName(v.Name)))
		o.Trials.note("%s", v.Name)
		d, _, err := FindCapacity(soft, hard, one)
		if err != nil {
			return nil, path, fmt.Errorf("%s: %w", v.Name, err)
		}
		if documents = append(documents, d); soft.Err() != nil {
			break
		}
	}
	costs := capacity.WeighCosts(variants, documents)
	return costs, path, errors.Join(keepFile(path, CostsFile, costs.WriteJSON),
		keepFile(path, MeasuredFacts, costs.WriteFacts))
}

// newDirectory makes a directory that is empty.
func newDirectory(path string) error {
	if entries, err := os.ReadDir(path); err == nil && len(entries) > 0 {
		return fmt.Errorf("cannot write to %q: it is not empty", path)
	}
	return os.MkdirAll(path, 0o755)
}

// keepFile writes a file of a directory as a whole.
func keepFile(path, name string, write func(io.Writer) error) error {
	var text bytes.Buffer
	err := write(&text)
	if err == nil {
		err = rundir.Replace(path, name, text.Bytes())
	}
	if err != nil {
		return errors.Join(errors.New("cannot keep the search"), err)
	}
	return nil
}

// capacitySearch is a search under way.
type capacitySearch struct {
	SearchOptions
	scenario *scenario.Scenario
	search   *capacity.Search
	bounds   *permit.Bounds // nil: there is no permit
	beside   float64        // the rate of the background, events a second; 0: there is none

	path       string // the directory
	conditions capacity.Conditions
	sent       int64           // events, of all trials
	told       map[string]bool // lines that every trial would repeat
}

// begin makes the directory.
func (c *capacitySearch) begin() error {
	start, s := time.Now().UTC(), c.scenario
	if c.path = c.Trials.Directory; c.path == "" {
		c.path = filepath.Join("results", "capacity", start.Format("20060102T150405Z")+"-"+fileName(s.Name))
	}
	if err := newDirectory(c.path); err != nil {
		return err
	}
	c.conditions = capacity.Conditions{
		Scenario: s.Name, SHA256: s.SHA256(), StartedAt: start.Format(time.RFC3339), Target: s.Target.URL,
		Build: c.Build, Batch: batchText(&s.Batching), Connections: s.Target.Connections, Thresholds: []string{},
	}
	if s.Background != nil {
		c.beside = s.Background.Load.Curve.Peak()
		c.conditions.Beside = c.beside
	}
	for _, stream := range s.Streams() {
		c.listThresholds(stream)
	}
	if s.Replay != nil {
		c.conditions.Recording = replayText(s.Replay)
	}
	if c.Begin != nil {
		c.Begin(c.path)
	}
	return nil
}

// replayText says how the trials sent a recording.
func replayText(r *scenario.Replay) string {
	said := "replayed over and over at the rate of each trial, not in its own rhythm, under new uuids"
	if r.Order == scenario.OrderPerID {
		said += "; order within a distinct_id was not kept"
	}
	if !r.Pseudonymize || r.Key.Reveal() != "" {
		said += "; each trial sent the same distinct_ids and merges, and a pipeline that has merged them has less to do"
	}
	return said
}

// listThresholds notes which thresholds of a stream the trials are held to.
func (c *capacitySearch) listThresholds(s *scenario.Scenario) {
	of := ""
	if s != c.scenario {
		of = "background: "
	}
	held := map[string]bool{}
	for _, t := range TrialThresholds(s) {
		text := strings.TrimSuffix(t.Text, " in "+Hold)
		held[text] = true
		c.conditions.Thresholds = append(c.conditions.Thresholds, of+text)
	}
	for _, t := range s.Thresholds {
		if !held[t.Text] {
			c.conditions.LeftOut = append(c.conditions.LeftOut, of+t.Text)
		}
	}
}

// batchText is how many events a request has.
func batchText(b *scenario.Batching) string {
	if b.MinEvents == b.MaxEvents {
		return fmt.Sprint(b.MaxEvents)
	}
	return fmt.Sprintf("%d to %d", b.MinEvents, b.MaxEvents)
}

// all runs trial after trial.
func (c *capacitySearch) all(soft, hard context.Context) error {
	for t, ok := c.search.Next(); ok; t, ok = c.search.Next() {
		if c.exceeds(&t) {
			c.search.Interrupt("the permit's bound of events is used up")
			break
		}
		begun := time.Now()
		o, err := c.trial(soft, hard, &t)
		switch {
		case KindOf(err) == Refused && c.sent > 0: // the permit was taken back, or has ended
			c.search.Interrupt(err.Error())
		case err != nil:
			return err
		case soft.Err() != nil:
			c.search.Interrupt("stopped by a signal")
		default:
			o.Took = time.Since(begun)
			c.search.Observe(o)
			if c.Came != nil {
				c.Came(c.search, &t, &o)
			}
			wait(soft, c.search.Rest())
		}
		if err := c.keep(); err != nil {
			return err
		}
	}
	return c.keep()
}

// wait waits, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// exceeds says whether a trial would send more than is left of what the permit allows.
func (c *capacitySearch) exceeds(t *capacity.Trial) bool {
	trial := c.trialOf(t)
	events := int64((t.Rate + c.beside) * (trial.Hold + trial.Ramp()).Seconds())
	return c.bounds != nil && c.bounds.Events > 0 && c.sent+events > c.bounds.Events
}

func (c *capacitySearch) trialOf(t *capacity.Trial) *Trial {
	return &Trial{Rate: t.Rate, Hold: t.Length, Number: uint64(t.Number), Beside: c.beside}
}

// trial runs one.
func (c *capacitySearch) trial(soft, hard context.Context, t *capacity.Trial) (o capacity.Observation, err error) {
	options := c.Trials
	options.Trial = c.trialOf(t)
	options.Directory = filepath.Join(c.path, fmt.Sprintf("trial-%03d", t.Number))
	options.Note = func(line string) {
		if !c.told[line] {
			c.told[line] = true
			c.Trials.note("%s", line)
		}
	}
	if c.During != nil {
		options.Begin = func(*Outlook) Progress { return c.During(c.search, t) }
	}
	run, err := Run(soft, hard, options)
	if err != nil {
		return o, err
	}
	c.sent += run.Result.Events.Sent
	if b := run.Result.Background; b != nil {
		c.sent += b.Events.Sent
	}
	c.conditions.Permit = run.Result.Run.Permit
	demands := demandsOf(c.scenario, options.Trial)
	if b := c.scenario.Background; b != nil {
		beside := demandsOf(b, options.Trial)
		demands.Beside, demands.Besides = &beside, c.beside
	}
	return capacity.Measure(run, *t, demands), nil
}

// demandsOf are what a stream is held to in a trial.
func demandsOf(s *scenario.Scenario, t *Trial) capacity.Demands {
	return capacity.Demands{
		Thresholds: TrialThresholds(s), Ramp: t.Ramp(), Timeout: s.Target.Timeout,
		Random: s.Load.Arrivals == schedule.Poisson,
	}
}

// keep writes what is known so far.
func (c *capacitySearch) keep() error {
	document := c.search.Document(c.conditions)
	type file struct {
		name  string
		write func(io.Writer) error
	}
	files := []file{{CapacityFile, document.WriteJSON}, {PictureFile, document.WriteSVG},
		{reportFile, document.WriteHTML}}
	if document.Answer.ForPipeline() {
		files = append(files, file{MeasuredFacts, document.WriteFacts})
	}
	for _, f := range files {
		if err := keepFile(c.path, f.name, f.write); err != nil {
			return err
		}
	}
	return nil
}
