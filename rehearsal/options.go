package rehearsal

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"rehearse/generator/source"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/scenario/strict"
)

// Version is the release that this tree becomes.
const Version = "0.2.0"

// Options are what a run is asked for, besides what its scenario says.
type Options struct {
	Scenario  string // the scenario file; may be empty with Resume
	Overrides Overrides

	Group

	Trial     *Trial // makes the run one at a constant rate; nil: the load is the scenario's
	Resume    string // the directory of the run to continue; empty: none
	Directory string // where the run directory is made; empty: results/runs/<id>-<name>
	Permit    Permit
	Network   Network

	Serving

	Note  func(line string)       // is told what the user has to know now, before and after the load; nil: not called
	Begin func(*Outlook) Progress // is called right before the load; nil: not called

	testNetwork
}

// Serving says what of a run is served while it goes.
type Serving struct {
	Live    string // the loopback port or address of the live page; empty: there is none
	Metrics MetricsAt

	// Linger is handed what ends the live page once the run is over; nil: it ends with it.
	Linger func(end func())
}

// MetricsAt is where a run's metrics are served alone, for a scraper that is not on this
// machine.
type MetricsAt struct {
	Address string // empty: nowhere
	Token   string // that a scraper has to bear; empty: none, which takes a loopback address
}

// Group is what ties a run to others that send parts of the same scenario.
type Group struct {
	RunID     string        // one for all shards, in every request's header; empty: one is made up
	Shard     results.Shard // which part of the batches is sent; zero: all of them
	Start     time.Time     // when the load begins; zero: as soon as everything is ready
	StartFile string        // the file that will say when; empty: none
}

// testNetwork is what stands for a network in tests.
type testNetwork struct {
	dial   dialFunc   // nil: TCP
	lookup lookupFunc // nil: the system's
}

// Overrides are what changes a scenario when it is loaded. The empty string leaves a
// field as it is.
type Overrides struct {
	Text   []byte   // the scenario file, read already; nil: it is read from its path
	Set    []string // field=value each, as in target.connections=4
	Target string   // target.url
	Token  string   // target.token
	Seed   string   // traffic.seed
}

// flag is an override that has a flag of its own.
type flag struct{ name, field, value string }

// flags are those that are given.
func (o *Overrides) flags() []flag {
	all := []flag{
		{"--target", "target.url", o.Target}, {"--token", "target.token", o.Token}, {"--seed", "traffic.seed", o.Seed},
	}
	return slices.DeleteFunc(all, func(f flag) bool { return f.value == "" })
}

// list is all of them, each as field=value.
func (o *Overrides) list() []string {
	set := slices.Clip(o.Set)
	for _, f := range o.flags() {
		set = append(set, f.field+"="+f.value)
	}
	return set
}

// Load reads a scenario file, with references to the environment of this process.
// The error is a strict.Errors if the file is what is wrong, or an override.
func Load(path string, o Overrides) (s *scenario.Scenario, err error) {
	options := scenario.Options{LookupEnv: os.LookupEnv, Set: o.list()}
	if o.Text != nil {
		s, err = scenario.Parse(path, o.Text, options)
	} else {
		s, err = scenario.LoadWith(path, options)
	}
	return s, o.named(err)
}

// named puts the flag in the place of --set where a mistake is in the value of a flag.
func (o *Overrides) named(err error) error {
	var mistakes strict.Errors
	if !errors.As(err, &mistakes) {
		return err
	}
	for i := range mistakes {
		for _, f := range o.flags() {
			if m := &mistakes[i]; m.Line == 0 && m.Path == f.field {
				m.File, m.Path = f.name, ""
			}
		}
	}
	return err
}

// Permit names the files of a permit; the zero value is none, and then nothing
// leaves this machine.
type Permit struct {
	File    string // its terms; its signature lies beside them
	Signers string // whose signatures count; empty: the file that SignersVariable names
}

// SignersVariable is the environment's way to name the file of allowed signers.
const SignersVariable = "REHEARSE_ALLOWED_SIGNERS"

// Progress are functions that are told how a load goes, one at a time; nil ones are
// not called. They may be slow: nothing that is sent waits for them.
type Progress struct {
	Interval func(*results.Interval) // once a second and at the end; valid until it returns
	Warn     func(error)             // of what cannot wait for the report
	End      func()                  // when the load is over
}

// Outlook is what is known of a run before its load.
type Outlook struct {
	Name      string // of the scenario
	Plan      *source.Plan
	Target    string // a URL
	Directory string // the run directory
	Closed    bool   // a closed loop: the plan is more than can be sent

	// Reading tells how far a replay has come at a time of the run; nil: it is none.
	Reading func(time.Duration) source.ReplayProgress
}

// noteFunc is told a line, in the form of fmt.Sprintf.
type noteFunc = func(format string, a ...any)

// note passes a line on.
func (o *Options) note(format string, a ...any) {
	if o.Note != nil {
		o.Note(fmt.Sprintf(format, a...))
	}
}

// progress says that the load comes, and returns who is told of it.
func (o *Options) progress(what *Outlook) (p Progress) {
	if o.Begin != nil {
		p = o.Begin(what)
	}
	if p.Interval == nil {
		p.Interval = func(*results.Interval) {}
	}
	if p.Warn == nil {
		p.Warn = func(error) {}
	}
	if p.End == nil {
		p.End = func() {}
	}
	return p
}
