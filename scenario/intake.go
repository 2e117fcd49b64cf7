package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// Intake holds the customer's answers to what a pipeline team asks first, as far
// as no other section holds them. A run does not need them.
type Intake struct {
	Committed  Answer     // product questions are answered and do not wait for the import to decide
	Starts     time.Time  // zero: not said
	Overlap    Answer     // somebody of the customer can be reached in the pipeline team's hours
	Apps       Answer     // apps (transformations, destinations) are enabled
	Unanswered []Question // what was asked and not answered, in the order of the file
}

// Answer is what a person said to a question of yes or no, or that none was given.
type Answer uint8

// The answers.
const (
	Unanswered Answer = iota
	Yes
	No
)

// String returns yes or no as a file has it, or unanswered.
func (a Answer) String() string { return [...]string{"unanswered", "yes", "no"}[a] }

// Question is one of the questions of the intake, by the name it has in files.
type Question string

// The questions, each with what it asks.
const (
	AskCommitted   Question = "committed"    // is the decision made?
	AskStarts      Question = "starts"       // when does it start?
	AskOverlap     Question = "overlap"      // is somebody there who can stop it?
	AskHistorical  Question = "historical"   // are the events of the past?
	AskBatching    Question = "batching"     // how many events does a request carry?
	AskHottestIDs  Question = "hottest-ids"  // how many events have the busiest distinct_ids?
	AskEventTypes  Question = "event-types"  // which events are there, and how many of each?
	AskMergeEvents Question = "merge-events" // which of them merge persons?
	AskApps        Question = "apps"         // are apps enabled?
	AskPeakRate    Question = "peak-rate"    // how many events a second at most?
	AskDuration    Question = "duration"     // how long does it take, all in all?
	AskRamp        Question = "ramp"         // how long does it take to reach the peak?
)

// inquiry is a question and its words.
type inquiry struct {
	question Question
	text     string
}

// inquiries are all questions, in the order in which they are asked.
var inquiries = [...]inquiry{
	{AskCommitted, "Are you committed, and not waiting on the import to decide about the product?"},
	{AskStarts, "When does it start (date, time and time zone)?"},
	{AskOverlap, "Do you have a contact available in the pipeline team's working hours while it runs?"},
	{AskHistorical, "Are the events historical, older than 48 hours, and of which period?"},
	{AskBatching, "How many events does one request carry?"},
	{AskHottestIDs, "How many events do the busiest distinct_ids have?"},
	{AskEventTypes, "Which events are there, and how many of each?"},
	{AskMergeEvents, "Which of them merge persons ($identify, $create_alias, $merge_dangerously), and how many of " +
		"each?"},
	{AskApps, "Are apps (transformations, destinations) enabled in the project?"},
	{AskPeakRate, "How many events a second do you send at the peak?"},
	{AskDuration, "How long does it take, and how many events is that?"},
	{AskRamp, "How long do you take to reach the peak rate?"},
}

// Questions returns all questions in the order in which they are asked.
func Questions() []Question {
	all := make([]Question, len(inquiries))
	for i, q := range inquiries {
		all[i] = q.question
	}
	return all
}

// Text returns the question in one line, as the customer is asked.
func (q Question) Text() string {
	for _, one := range inquiries {
		if one.question == q {
			return one.text
		}
	}
	return string(q)
}

// Open returns the questions without an answer: those that the file lists, and
// those whose answer only the intake holds and that it does not give. They come
// in the order in which they are asked.
func (in Intake) Open() []Question {
	given := in.given()
	var open []Question
	for _, q := range Questions() {
		answered, own := given[q]
		if slices.Contains(in.Unanswered, q) || own && !answered {
			open = append(open, q)
		}
	}
	return open
}

// given tells for the questions whose answers stand in the intake itself whether
// they are answered.
func (in Intake) given() map[Question]bool {
	return map[Question]bool{
		AskCommitted: in.Committed != Unanswered,
		AskStarts:    !in.Starts.IsZero(),
		AskOverlap:   in.Overlap != Unanswered,
		AskApps:      in.Apps != Unanswered,
	}
}

func readIntake(v strict.Value) Intake {
	var in Intake
	var listed []strict.Value
	sound := v.Object(strict.Fields{
		"committed":  func(v strict.Value) { in.Committed = readAnswer(v) },
		"starts":     func(v strict.Value) { in.Starts = v.Time() },
		"overlap":    func(v strict.Value) { in.Overlap = readAnswer(v) },
		"apps":       func(v strict.Value) { in.Apps = readAnswer(v) },
		"unanswered": func(v strict.Value) { listed = v.List() },
	})
	given := in.given()
	for _, item := range listed {
		before := v.Document().Mistakes()
		q := strict.OneOf(item, Questions())
		switch {
		case v.Document().Mistakes() > before:
		case slices.Contains(in.Unanswered, q):
			item.Fail("listed twice", "")
		case sound && given[q]:
			item.Fail(fmt.Sprintf("intake.%s answers it", q), "take it off the list")
		}
		in.Unanswered = append(in.Unanswered, q)
	}
	return in
}

// readAnswer reads yes or no, or true or false. Without an answer, leave the
// field out.
func readAnswer(v strict.Value) Answer {
	text, ok := v.Scalar("yes or no", strict.Bool, strict.Text)
	if !ok {
		return Unanswered
	}
	plain := v.Tag() == strict.Bool || v.Refers() // 'true' in quotes is text
	switch word := strings.ToLower(text); {
	case word == "yes", plain && word == "true":
		return Yes
	case word == "no", plain && word == "false":
		return No
	}
	v.Fail("expected yes or no, found "+v.Quoted(), "leave the field out if there is no answer")
	return Unanswered
}

// Learned is what the recording was like that a scenario was learned from: shares of
// events, and of windows of the clock. A check says how far the scenario is from it.
type Learned struct {
	Events      int64
	DistinctIDs int64
	Top         [3]float64 // shares of the busiest 1, 10 and 100 distinct_ids
	Once        float64    // share of the distinct_ids with one event
	Peak        int64      // events in the fullest second
	Empty       float64    // share of the seconds without an event
	CV          [3]float64 // of the events in 1, 60 and 300 seconds: deviation over mean; 0: not known
}

func readLearned(v strict.Value) *Learned {
	var l Learned
	share := func(to *float64) func(strict.Value) { return func(v strict.Value) { *to = v.Share() } }
	number := func(to *float64) func(strict.Value) { return func(v strict.Value) { *to = v.Number(0, 1e9) } }
	v.Object(strict.Fields{
		"events":       func(v strict.Value) { l.Events = v.Count(1, schedule.MaxEvents) },
		"distinct_ids": func(v strict.Value) { l.DistinctIDs = v.Count(1, schedule.MaxEvents) },
		"top_1":        share(&l.Top[0]),
		"top_10":       share(&l.Top[1]),
		"top_100":      share(&l.Top[2]),
		"ids_once":     share(&l.Once),
		"peak":         func(v strict.Value) { l.Peak = v.Count(0, schedule.MaxEvents) },
		"empty":        share(&l.Empty),
		"cv_1s":        number(&l.CV[0]),
		"cv_60s":       number(&l.CV[1]),
		"cv_300s":      number(&l.CV[2]),
	})
	v.Require("events", "distinct_ids", "top_1", "top_10", "top_100", "ids_once")
	return &l
}
