package scenario

import "rehearse/scenario/strict"

// Scenario is one rehearsal as written in its file. It is plain data: decoded
// strictly, checked once, never changed afterwards.
type Scenario struct {
	Name     string // letters, digits, dots, dashes and underscores: it names directories
	About    string
	Customer string
	Contact  string // one line; requests bear it

	Intake     Intake
	Target     Target
	Load       Offered
	Batching   Batching
	Traffic    *Traffic // exactly one of Traffic and Replay is set
	Replay     *Replay
	Retry      Retry
	Thresholds []Threshold
	Aborts     []Abort
	Staging    Staging  // of the embedded endpoint
	Learned    *Learned // nil: it was not learned from a recording

	source source
}

// readScenario reads the whole tree.
func readScenario(v strict.Value) *Scenario {
	s := &Scenario{Target: defaultTarget(), Load: defaultOffered(), Retry: RetryNone}
	v.Object(strict.Fields{
		"name":       func(v strict.Value) { s.Name = v.Name(hintName) },
		"about":      func(v strict.Value) { s.About = v.Paragraphs() },
		"customer":   func(v strict.Value) { s.Customer = v.Line(0, strict.MaxLine) },
		"contact":    func(v strict.Value) { s.Contact = v.Line(0, strict.MaxLine) },
		"intake":     func(v strict.Value) { s.Intake = readIntake(v) },
		"target":     func(v strict.Value) { s.Target = readTarget(v) },
		"load":       func(v strict.Value) { s.Load = readOffered(v) },
		"batching":   func(v strict.Value) { s.Batching = readBatching(v) },
		"traffic":    func(v strict.Value) { s.Traffic = readTraffic(v) },
		"replay":     func(v strict.Value) { s.Replay = readReplay(v) },
		"retry":      func(v strict.Value) { s.Retry = strict.OneOf(v, []Retry{RetryNone, RetrySDK}) },
		"thresholds": func(v strict.Value) { s.Thresholds = readThresholds(v) },
		"abort":      func(v strict.Value) { s.Aborts = readAborts(v) },
		"staging":    func(v strict.Value) { s.Staging = readStaging(v) },
		"learned":    func(v strict.Value) { s.Learned = readLearned(v) },
	})
	v.Require("name")
	s.adopt(v.Document())
	s.Batching = s.Batching.orDefault(s.Target.Endpoint)
	if s.Replay != nil && s.Replay.Clock == ClockRecorded && s.Target.Client == "" && !v.Document().Has("batching.age") {
		s.Batching.Age = replayAge
	}
	return s
}

const hintName = "it names the directories of the runs"

func readThresholds(v strict.Value) []Threshold {
	var all []Threshold
	for _, item := range v.List() {
		t, _ := strict.Measured(item, ParseThreshold, "a threshold", hintThreshold)
		all = append(all, t)
	}
	return all
}
