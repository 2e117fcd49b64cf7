package scenario

import (
	_ "embed"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"rehearse/scenario/strict"
)

// Options are what a scenario file is read with, besides its text.
type Options struct {
	// LookupEnv answers ${NAME}. Nil: the environment is empty.
	LookupEnv func(string) (string, bool)
	// Set are overrides of the form a.b=c, applied in order before the file is
	// judged. The value is YAML; null takes the field away.
	Set []string
	// Dir is the directory that paths in the file are relative to. Empty: the
	// working directory.
	Dir string
}

// Load reads a scenario file with the environment of the process. Its error is
// of type [strict.Errors] and tells every mistake of the file.
func Load(path string) (*Scenario, error) {
	return LoadWith(path, Options{LookupEnv: os.LookupEnv})
}

// LoadWith reads a scenario file. Where no directory is given, paths in the file
// are relative to the file.
func LoadWith(path string, opts Options) (*Scenario, error) {
	text, err := strict.ReadFile(path, "the scenario")
	if err != nil {
		return nil, err
	}
	if opts.Dir == "" {
		opts.Dir = filepath.Dir(path)
	}
	return Parse(path, text, opts)
}

// Parse reads the text of a scenario file; file is its name in errors. The error
// is of type [strict.Errors]. Files that the scenario names are looked for, and a rate
// series is read; recordings are not opened.
func Parse(file string, text []byte, opts Options) (*Scenario, error) {
	doc, err := strict.Open(file, text, strict.Options{
		LookupEnv: opts.LookupEnv, Set: opts.Set, Dir: opts.Dir, Secret: tokenPath,
	})
	if err != nil {
		return nil, err
	}
	s := read(doc)
	s.keep(newSource(doc))
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// tokenPath is where a scenario gives the token that no copy of it holds.
const tokenPath = "target.token"

// read reads a document and judges what its sections mean together.
func read(doc *strict.Document) *Scenario {
	s := readScenario(doc.Root())
	check(doc, s)
	if beside, given := doc.Value("background"); given {
		s.Background = readBackground(beside, s)
	}
	return s
}

// Scenario is one rehearsal as written in its file. It is plain data: decoded
// strictly, checked once, never changed afterwards.
type Scenario struct {
	Description

	Target   Target
	Load     Offered
	Batching Batching
	Traffic  *Traffic // exactly one of Traffic and Replay is set; a file with neither has the default traffic
	Replay   *Replay
	Retry    Retry
	Rules
	Staging    Staging   // of the embedded endpoint
	Learned    *Learned  // nil: it was not learned from a recording
	Background *Scenario // what is sent beside; nil: nothing

	source source
}

// Description says what a scenario is called and whose it is.
type Description struct {
	Name     string // letters, digits, dots, dashes and underscores: it names directories
	About    string
	Customer string
	Contact  string // one line; requests bear it
	Intake   Intake // what its customer answered
}

// Rules are what a run is held to.
type Rules struct {
	Thresholds []Threshold        // judged at its end
	Arrived    []ArrivalThreshold // judged when it is known what arrived
	Aborts     []Abort            // that end it before
}

// readScenario reads the whole tree.
func readScenario(v strict.Value) *Scenario {
	s := newScenario()
	fields := s.fields()
	maps.Copy(fields, strict.Fields{
		"name":       func(v strict.Value) { s.Name = v.Name(hintName) },
		"about":      func(v strict.Value) { s.About = v.Paragraphs() },
		"customer":   func(v strict.Value) { s.Customer = v.Line(0, strict.MaxLine) },
		"contact":    func(v strict.Value) { s.Contact = v.Line(0, strict.MaxLine) },
		"intake":     func(v strict.Value) { s.Intake = readIntake(v) },
		"staging":    func(v strict.Value) { s.Staging = readStaging(v) },
		"learned":    func(v strict.Value) { s.Learned = readLearned(v) },
		"background": func(strict.Value) {}, // read once the rest is known
	})
	v.Object(fields)
	v.Require("name")
	s.complete(v.Document())
	return s
}

// newScenario is a scenario with everything at its default.
func newScenario() *Scenario {
	return &Scenario{Target: defaultTarget(), Load: defaultOffered(), Retry: RetryNone}
}

// fields are those that a stream has of its own, be it the scenario or its background.
func (s *Scenario) fields() strict.Fields {
	return strict.Fields{
		"target":     func(v strict.Value) { s.Target = readTarget(v) },
		"load":       func(v strict.Value) { s.Load = readOffered(v) },
		"batching":   func(v strict.Value) { s.Batching = readBatching(v) },
		"traffic":    func(v strict.Value) { s.Traffic = readTraffic(v) },
		"replay":     func(v strict.Value) { s.Replay = readReplay(v) },
		"retry":      func(v strict.Value) { s.Retry = strict.OneOf(v, []Retry{RetryNone, RetrySDK}) },
		"thresholds": s.readThresholds,
		"abort":      func(v strict.Value) { s.Aborts = readAborts(v) },
	}
}

// complete fills in the defaults that depend on other fields.
func (s *Scenario) complete(d *strict.Document) {
	if s.Traffic == nil && s.Replay == nil {
		s.Traffic = defaultTraffic()
	}
	s.adopt(d)
	s.Batching = s.Batching.orDefault(s.Target.Endpoint)
	ownRhythm := s.Replay != nil && s.Replay.Clock == ClockRecorded && s.Target.Client == ""
	if ownRhythm && !d.Has("batching.age") {
		s.Batching.Age = replayAge
	}
}

const hintName = "it names the directories of the runs"

// readThresholds tells demands on the run from those on what arrived.
func (s *Scenario) readThresholds(v strict.Value) {
	s.Thresholds, s.Arrived = nil, nil
	for _, item := range v.List() {
		switch d, _ := strict.Measured(item, parseDemand, "a threshold", hintThreshold); d.arrival {
		case nil:
			s.Thresholds = append(s.Thresholds, d.run)
		default:
			s.Arrived = append(s.Arrived, *d.arrival)
		}
	}
}

//go:embed scenario.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of scenario files, for editors.
// It accepts every file that Load accepts. Load refuses more: what two fields
// mean together, bounds of values written as text, and files that are not there.
func Schema() []byte { return slices.Clone(schema) }
