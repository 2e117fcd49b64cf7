// Package adhoc writes the scenario that a few flags of the command line amount to, so
// that a first run needs no file, and the next one has it.
package adhoc

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/strict"
)

// Name is what the scenario is called, and its file in errors.
const Name = "adhoc"

// Flags are what the command line says, as it was typed. An empty one has its default.
type Flags struct {
	Rate     string // events per second at the peak, as in 500/s; the one that has no default
	Duration string // of the whole run, the ramp included
	Ramp     string // how long the rate rises from 0
	Batch    string // events in a request
	Skew     string // Zipf exponent of events over distinct_ids
	Merges   string // share of events that are $identify, as in 3%
}

// Given tells whether any flag is.
func (f *Flags) Given() bool { return *f != Flags{} }

// Max is the rate of a closed loop: as fast as the endpoint answers.
const Max = "max"

// The defaults. A load without a ramp, in requests of one event, is what takes a
// pipeline down, so neither comes unless it is asked for.
const (
	defaultDuration = 30 * time.Second
	defaultRamp     = 10 * time.Second // at most a third of the duration
	defaultBatch    = 100
	defaultSkew     = "1"
)

// load are the flags as quantities.
type load struct {
	rate           float64
	closed         bool // --rate max
	duration, ramp time.Duration
	batch          int64
	skew, merges   float64
}

// Scenario returns the text of the scenario file. The error has a line for each flag
// that is wrong, and names it.
func (f *Flags) Scenario() ([]byte, error) {
	l, err := f.read()
	if err != nil {
		return nil, err
	}
	text := l.text()
	_, err = scenario.Parse(Name, text, scenario.Options{})
	return text, named(err)
}

// read reads every flag.
func (f *Flags) read() (l load, err error) {
	if f.Rate == "" {
		return l, errors.New("--rate: missing (a run without a scenario file needs a rate, as in --rate 500/s)")
	}
	var wrong [6]error
	if l.closed = f.Rate == Max; l.closed {
		l.rate = 1
	} else {
		l.rate, wrong[0] = quantity("--rate", f.Rate, "500/s", units.ParseRate)
	}
	l.duration, wrong[1] = quantity("--duration", cmp.Or(f.Duration, defaultDuration.String()), "30s",
		units.ParseDuration)
	l.ramp, wrong[2] = min(defaultRamp, rounded(l.duration/3)), nil
	if f.Ramp != "" {
		l.ramp, wrong[2] = quantity("--ramp", f.Ramp, "10s", units.ParseDuration)
	}
	l.batch, wrong[3] = quantity("--batch", cmp.Or(f.Batch, strconv.Itoa(defaultBatch)), "100", units.ParseCount)
	l.merges, wrong[4] = quantity("--merges", cmp.Or(f.Merges, "0%"), "3%", units.ParseShare)
	l.skew, wrong[5] = quantity("--skew", cmp.Or(f.Skew, defaultSkew), "1.1", number)
	if err := errors.Join(wrong[:]...); err != nil {
		return l, err
	}
	return l, l.judge(f)
}

// quantity reads the value of a flag.
func quantity[T any](flag, value, example string, parse func(string) (T, error)) (T, error) {
	v, err := parse(value)
	if err != nil {
		err = fmt.Errorf("%s: %w (as in %s %s)", flag, err, flag, example)
	}
	return v, err
}

// number reads a number without a unit.
func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("cannot read %q as a number", units.Clip(text))
	}
	return v, nil
}

// decimal writes a number as the file has it.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// judge refuses what has no meaning.
func (l *load) judge(f *Flags) error {
	switch {
	case l.rate <= 0:
		return errors.New("--rate: must be more than 0")
	case l.closed && f.Ramp != "":
		return errors.New("--ramp: has no meaning beside --rate max, which is as fast as the endpoint answers")
	case l.duration <= 0:
		return errors.New("--duration: must be more than 0")
	case l.ramp > l.duration:
		return fmt.Errorf("--ramp: %s is longer than --duration %s, which includes it",
			units.FormatDuration(l.ramp), units.FormatDuration(l.duration))
	case l.merges >= 1:
		return errors.New("--merges: must be less than 100%, for a merge joins the events of an id")
	}
	return nil
}

// text writes the file.
func (l *load) text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "name: %s\n", Name)
	thresholds := "[rejected < 1%, late < 1%]"
	if l.closed {
		fmt.Fprintf(&b, "load: {closed: %s}   # as fast as the endpoint answers\n", units.FormatDuration(l.duration))
		thresholds = "[rejected < 1%]"
	} else {
		fmt.Fprintf(&b, "load:\n  profile: %s   # events/s\n", l.profile())
	}
	fmt.Fprintf(&b, "batching: {events: %d}\n", l.batch)
	b.WriteString("traffic:\n  seed: 1   # another one for another run on the same day\n")
	fmt.Fprintf(&b, "  distinct_ids: {skew: %s}\n", decimal(l.skew))
	fmt.Fprintf(&b, "  events: {%s}   # weights\n", l.events())
	fmt.Fprintf(&b, "thresholds: %s\n", thresholds)
	return []byte(b.String())
}

// rounded is a duration as a person would write it.
func rounded(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// profile writes the ramp and what follows it.
func (l *load) profile() string {
	rate := decimal(l.rate)
	var parts []string
	if l.ramp > 0 {
		parts = append(parts, fmt.Sprintf("line(0, %s, %s)", rate, units.FormatDuration(l.ramp)))
	}
	if rest := l.duration - l.ramp; rest > 0 {
		parts = append(parts, fmt.Sprintf("const(%s, %s)", rate, units.FormatDuration(rest)))
	}
	return strings.Join(parts, " ")
}

// events writes the mix of events.
func (l *load) events() string {
	if l.merges == 0 {
		return "$pageview: 1"
	}
	return fmt.Sprintf("$pageview: %s, $identify: %s", decimal(1-l.merges), decimal(l.merges))
}

// named turns mistakes of the text, which the user did not write, into mistakes of flags.
func named(err error) error {
	var mistakes strict.Errors
	if !errors.As(err, &mistakes) {
		return err
	}
	lines := make([]error, len(mistakes))
	for i, m := range mistakes {
		flag := flagOf(m.Path)
		lines[i] = errors.New(strict.Error{File: flag, What: m.What, Hint: m.Hint}.Error())
	}
	return errors.Join(lines...)
}

// flagOf returns the flag that a field comes from.
func flagOf(path string) string {
	switch {
	case strings.HasPrefix(path, "batching"):
		return "--batch"
	case strings.HasPrefix(path, "traffic.distinct_ids"):
		return "--skew"
	case strings.HasPrefix(path, "traffic.events"):
		return "--merges"
	}
	return "--rate"
}
