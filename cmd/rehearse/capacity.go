package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"rehearse/internal/capacity"
	"rehearse/internal/permit"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/rehearsal"
	"rehearse/results"
	"rehearse/scenario"
)

// capacityFlags are those of capacity.
type capacityFlags struct {
	options   rehearsal.Options // of each trial
	tokenFile string
	build     string

	from, to, precision, confidence, budget, trial string

	quiet, json, costs bool
}

// newCapacity makes the verb capacity.
func newCapacity(e env) *cobra.Command {
	var f capacityFlags
	c := &cobra.Command{
		Use:   "capacity SCENARIO",
		Short: "Find out how many events a second an endpoint takes, as an interval",
		Long: `capacity looks for the highest rate at which the thresholds of a scenario hold,
and go on to for ten minutes. Each trial is a run of the scenario's traffic at a
constant rate: batches, ids, mix, client and retries stay as they are. It doubles
the rate until a trial breaks, asks where it learns most until the interval is as
narrow as was asked for, confirms it below and above, and lets the endpoint recover
from each trial that broke.

With --costs it searches once for each kind of traffic, and tells what merges, $set and
the like cost in plain events: the weights that "rehearse check" reckons with.

With a background in the scenario, each trial sends it at its peak beside, and the
capacity is the most that leaves it within its own thresholds.

An endpoint that never breaks, breaks at once, flaps, drifts or does not recover is
named. Where the generator itself gets no further the search is invalid, and says
nothing of the endpoint. With a permit no trial goes over its cap.

It writes a directory: report.html with the curve and all trials, capacity.json, a file
with the capacity for "rehearse check --pipeline", and a run directory for each trial.
The first Ctrl-C ends the trial and the search, and keeps what is known, with its
width.

The last line printed is the verdict with the exit code:
  0 the capacity is known, or is more than --to   99 no rate that was tried holds, or
  the endpoint does not recover   105 interrupted   120 the interval is wider than
  asked for, or our own limit was reached   121 refused   104 the scenario is wrong`,
		Example: `  rehearse capacity scenarios/capacity.yaml --set staging.capacity=5000
  rehearse capacity scenarios/capacity.yaml --target http://127.0.0.1:8010 --from 1000 --budget 10m
  rehearse check acme.yaml --pipeline results/capacity/20261201T100000Z-capacity/pipeline.yaml`,
		Args: exactly("SCENARIO"),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(e, args[0]) },
	}
	f.define(c)
	return c
}

// define makes the flags.
func (f *capacityFlags) define(c *cobra.Command) {
	o, flags := &f.options, c.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.from, "from", "",
		"the lowest `RATE` to try, and the first, as in 1000/s "+
			"(default one request a second, beginning at an eighth of the scenario's peak)")
	flags.StringVar(&f.to, "to", "",
		"the highest `RATE` to try (default the permit's cap; without a permit, until a trial breaks)")
	flags.StringVar(&f.precision, "precision", "5%", "how wide the interval may be, as a `SHARE` of the capacity")
	flags.StringVar(&f.confidence, "confidence", "95%",
		"how likely the interval is to hold the capacity, as a `SHARE`")
	flags.StringVar(&f.budget, "budget", "20m", "the search may take this `DURATION`")
	flags.StringVar(&f.trial, "trial", "",
		"a trial lasts this `DURATION` (default a fortieth of the budget, from 10s to 1m)")
	flags.StringVar(&f.build, "build", "",
		"the `VERSION` of the endpoint that is measured, to be kept with the result")
	flags.StringVar(&o.Overrides.Target, "target", "",
		"send to this `URL` instead of target.url (targets other than localhost require a permit)")
	flags.StringVar(&o.Overrides.Token, "token", "",
		"use this project `TOKEN`, which other users of this machine can see; "+
			"better: --token-file, or ${CAPTURE_TOKEN} in the scenario")
	flags.StringVar(&f.tokenFile, tokenFileFlag, "", "use the project token that this `FILE` holds")
	flags.StringVarP(&o.Directory, "output", "o", "",
		"write the search to `DIR` (default results/capacity/<utc>-<name>)")
	flags.StringArrayVar(&o.Overrides.Set, "set", nil,
		"override a field: `FIELD=VALUE`, as in target.connections=4 (repeatable)")
	flags.StringVar(&o.Overrides.Seed, "seed", "",
		"override traffic.seed with `N`; each trial adds its own")
	flags.StringVar(&o.Permit.File, "permit", "",
		"keep to the permit in this `FILE`: its hosts, window, cap and stops (see rehearse permit)")
	flags.StringVar(&o.Permit.Signers, "allowed-signers", "",
		"whose signatures on a permit count: a `FILE` as ssh-keygen has it (default: $"+rehearsal.SignersVariable+")")
	flags.StringVar(&o.Network.CACert, "cacert", "",
		"trust an https target (or proxy) that is certified by this `FILE` (PEM) instead of the system's authorities")
	flags.StringArrayVar(&o.Network.Resolve, "resolve", nil,
		"connect to an address instead of looking the name up, as in `HOST:PORT:ADDRESS` (repeatable)")
	flags.BoolVar(&f.costs, "costs", false,
		"measure plain events, merges, $set, personless events and batch sizes apart, each within the budget, and "+
			"write what they cost")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	flags.BoolVar(&f.json, "json", false, "print capacity.json instead of the report")
}

// run searches, and prints what came of it.
func (f *capacityFlags) run(e env, path string) error {
	outliveReaders()
	if err := readToken(&f.options.Overrides.Token, tokenFileFlag, f.tokenFile); err != nil {
		return err
	}
	f.options.Scenario = path
	s, err := rehearsal.Load(path, f.options.Overrides)
	if err != nil {
		return err
	}
	bounds, err := f.options.Bounds()
	if err != nil {
		return err
	}
	config, err := f.config(s, bounds)
	if err != nil {
		return err
	}
	p := newSearchProgress(e, f.quiet, config.Budget)
	soft, hard, release := e.deadlines(context.Background(), sendingEnds, p.note)
	defer release()
	f.options.Note = p.note
	options := rehearsal.SearchOptions{
		Trials: f.options, Config: config, Build: f.build,
		Begin:  func(directory string) { p.note(s.Name + ": looking for the capacity\nwriting " + directory) },
		During: p.during, Came: p.came,
	}
	if f.costs {
		costs, path, err := rehearsal.MeasureCosts(soft, hard, options)
		p.end()
		if err != nil {
			return err
		}
		return f.printCosts(e, costs, path, soft.Err() != nil)
	}
	document, path, err := rehearsal.FindCapacity(soft, hard, options)
	p.end()
	if err != nil {
		return err
	}
	return f.print(e, document, path)
}

// config is what the flags ask for.
func (f *capacityFlags) config(s *scenario.Scenario, bounds *permit.Bounds) (c capacity.Config, err error) {
	read := func(flag, value string, into func(string) error) {
		if value == "" || err != nil {
			return
		}
		if wrong := into(value); wrong != nil {
			err = exitError{exitUsage, fmt.Errorf("cannot read --%s %q: %w", flag, value, wrong)}
		}
	}
	batch := float64(max(s.Batching.MaxEvents, 1))
	c.From, c.To, c.First = batch, 1e7, 0
	if s.Load.Curve != nil {
		c.First = s.Load.Curve.Peak() / 8
	}
	rate := func(to *float64) func(string) error {
		return func(text string) (err error) { *to, err = units.ParseRate(text); return err }
	}
	share := func(to *float64) func(string) error {
		return func(text string) (err error) { *to, err = units.ParseShare(text); return err }
	}
	span := func(to *time.Duration) func(string) error {
		return func(text string) (err error) { *to, err = units.ParseDuration(text); return err }
	}
	read("to", f.to, rate(&c.To))
	read("from", f.from, func(text string) error { c.First = 0; return rate(&c.From)(text) })
	read("precision", f.precision, share(&c.Precision))
	read("confidence", f.confidence, share(&c.Confidence))
	read("budget", f.budget, span(&c.Budget))
	c.Length = min(max(c.Budget/40, 10*time.Second), time.Minute).Round(time.Second)
	read("trial", f.trial, span(&c.Length))
	if bounds != nil && bounds.Peak > 0 {
		most := bounds.Peak
		if b := s.Background; b != nil && b.Load.Curve != nil {
			most -= b.Load.Curve.Peak()
		}
		c.To = min(c.To, most)
	}
	return c, err
}

// print prints what came of the search, and its verdict as the last line.
func (f *capacityFlags) print(e env, d *capacity.Document, path string) error {
	write, verdict := d.WriteText, e.stdout
	if f.json {
		write, verdict = d.WriteJSON, e.stderr
	}
	if err := write(e.stdout); err != nil {
		return err
	}
	if d.Answer.ForPipeline() && !f.json {
		fmt.Fprintf(e.stdout, "for check --pipeline: %s\n", filepath.Join(path, rehearsal.MeasuredFacts))
	}
	code := capacityCode(d.Answer.End)
	fmt.Fprintf(verdict, "verdict: %s (exit %d)\n", d.Answer.End, code)
	if code != exitPass {
		return status(code)
	}
	return nil
}

// printCosts prints what events cost, and as the last line whether all is known.
func (f *capacityFlags) printCosts(e env, c *capacity.Weights, path string, interrupted bool) error {
	write, verdict := c.WriteText, e.stdout
	if f.json {
		write, verdict = c.WriteJSON, e.stderr
	}
	if err := write(e.stdout); err != nil {
		return err
	}
	if !f.json {
		fmt.Fprintf(e.stdout, "for check --pipeline: %s\n", filepath.Join(path, rehearsal.MeasuredFacts))
	}
	code, word := exitPass, "measured"
	switch {
	case interrupted:
		code, word = exitInterrupted, "interrupted"
	case !c.Complete():
		code, word = exitInvalid, "incomplete"
	}
	fmt.Fprintf(verdict, "verdict: %s (exit %d)\n", word, code)
	if code != exitPass {
		return status(code)
	}
	return nil
}

// capacityCode is the exit code for how a search ended.
func capacityCode(end capacity.End) int {
	switch end {
	case capacity.Measured, capacity.NeverBreaks:
		return exitPass
	case capacity.Interrupted:
		return exitInterrupted
	case capacity.Budget, capacity.OwnLimit, capacity.Flaps, capacity.Disturbed, capacity.NotJudged:
		return exitInvalid
	}
	return exitThreshold
}

// searchProgress shows how a search goes, by the rules of newProgress: a line for each
// trial with the interval as it is known then, and on a terminal a bar over the budget
// below them.
type searchProgress struct {
	out    io.Writer // of lines
	budget time.Duration

	container *mpb.Progress // nil: there is no bar
	bar       *mpb.Bar
	wide      int // columns
	now       atomic.Int64
	state     atomic.Pointer[string]
}

// newSearchProgress chooses how to show a search.
func newSearchProgress(e env, quiet bool, budget time.Duration) *searchProgress {
	p := &searchProgress{out: e.stderr, budget: budget}
	if quiet {
		p.out = io.Discard
		return p
	}
	screen, ok := terminal(e.stderr)
	if !ok || os.Getenv("TERM") == "dumb" {
		return p
	}
	p.wide = columns(screen)
	p.container = mpb.New(mpb.WithOutput(screen), mpb.WithWidth(barWidth(p.wide)))
	p.out = plain{to: p.container}
	p.say("starting")
	p.bar = p.container.New(int64(budget), mpb.BarStyle(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			return progressClock(time.Duration(p.now.Load()), budget)
		})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *p.state.Load() })))
	return p
}

// say sets the text beside the bar.
func (p *searchProgress) say(line string) { p.state.Store(&line) }

// note prints a line.
func (p *searchProgress) note(line string) { fmt.Fprintln(p.out, line) }

// during follows a trial on the bar.
func (p *searchProgress) during(s *capacity.Search, t *capacity.Trial) rehearsal.Progress {
	warn := func(err error) { fmt.Fprintf(p.out, "rehearse: %v\n", err) }
	if p.bar == nil {
		return rehearsal.Progress{Warn: warn}
	}
	answer := s.Answer()
	known := answer.Short()
	return rehearsal.Progress{Warn: warn, Interval: func(iv *results.Interval) {
		at := min(s.Elapsed()+max(iv.To, 0), p.budget)
		room := p.wide - barWidth(p.wide) - len(progressClock(p.budget, p.budget)) - 2
		p.now.Store(int64(at))
		words := []string{known, fmt.Sprintf("trial %d: %s/s", t.Number, text.Rate(t.Rate))}
		if more := describe(iv, nil); len(more) > 1 {
			words = append(words, more[1])
		}
		p.say(fitting(words, room))
		p.bar.SetCurrent(int64(at))
	}}
}

// came prints what came of a trial.
func (p *searchProgress) came(s *capacity.Search, t *capacity.Trial, o *capacity.Observation) {
	answer := s.Answer()
	fmt.Fprintf(p.out, "%s  %-7s %9s/s  %-7s  p99 %-9s %s\n",
		units.FormatSpan(s.Elapsed()), t.Kind, text.Rate(t.Rate), o.Response, text.Milliseconds(o.Latency.P99),
		answer.Short())
	if o.Response == capacity.Invalid {
		fmt.Fprintf(p.out, "      %s\n", o.Why)
	}
}

// end leaves the bar as it stands.
func (p *searchProgress) end() {
	if p.bar == nil {
		return
	}
	p.bar.EnableTriggerComplete()
	p.bar.Abort(false)
	p.container.Wait()
}
