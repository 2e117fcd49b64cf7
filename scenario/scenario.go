package scenario

import "strings"

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

// maxLine is how long a text of one line may be, in characters.
const maxLine = 200

// readScenario reads the whole tree.
func readScenario(v value) *Scenario {
	s := &Scenario{Target: defaultTarget(), Load: defaultOffered(), Retry: RetryNone}
	v.d.given[""] = field{v, v}
	v.object(fields{
		"name":       func(v value) { s.Name = readName(v) },
		"about":      func(v value) { s.About = v.paragraphs() },
		"customer":   func(v value) { s.Customer = v.line(0, maxLine) },
		"contact":    func(v value) { s.Contact = v.line(0, maxLine) },
		"intake":     func(v value) { s.Intake = readIntake(v) },
		"target":     func(v value) { s.Target = readTarget(v) },
		"load":       func(v value) { s.Load = readOffered(v) },
		"batching":   func(v value) { s.Batching = readBatching(v) },
		"traffic":    func(v value) { s.Traffic = readTraffic(v) },
		"replay":     func(v value) { s.Replay = readReplay(v) },
		"retry":      func(v value) { s.Retry = oneOf(v, []Retry{RetryNone, RetrySDK}) },
		"thresholds": func(v value) { s.Thresholds = readThresholds(v) },
		"abort":      func(v value) { s.Aborts = readAborts(v) },
		"staging":    func(v value) { s.Staging = readStaging(v) },
		"learned":    func(v value) { s.Learned = readLearned(v) },
	})
	v.require("name")
	s.adopt(v.d)
	s.Batching = s.Batching.orDefault(s.Target.Endpoint)
	if s.Replay != nil && s.Replay.Clock == ClockRecorded && s.Target.Client == "" && !v.d.has("batching.age") {
		s.Batching.Age = replayAge
	}
	return s
}

func readName(v value) string {
	name := v.line(1, 64)
	if strings.ContainsFunc(name, unsafeInName) || strings.HasPrefix(name, ".") {
		v.fail("must be letters, digits, dots, dashes and underscores, no dot first", "it names the directories of the runs")
	}
	return name
}

// unsafeInName tells whether a character is kept out of the names of directories.
func unsafeInName(r rune) bool {
	safe := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !safe && !strings.ContainsRune("._-", r)
}

func readThresholds(v value) []Threshold {
	var all []Threshold
	for _, item := range v.list() {
		t, _ := measured(item, ParseThreshold, "a threshold", hintThreshold)
		all = append(all, t)
	}
	return all
}
