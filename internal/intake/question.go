package intake

import (
	"fmt"
	"strings"

	"rehearse/scenario"
)

// yesOrNo is how a question is answered that has two answers.
const yesOrNo = "yes or no"

// Question is something that is asked.
type Question struct {
	Key     string // its name in forms and flags
	Text    string // in one line, in the words of the Audience
	Why     string // it matters
	How     string // it is answered
	Example string // an answer
	Assumed string // what holds while it is unanswered; empty: nothing does
	Lines   bool   // the answer may have several lines

	read func(a *Answers, text string) error
	says func(a *Answers) string // the answer in few words; empty: unanswered
}

// Audience is the one who answers: the words of the questions are for them.
type Audience string

// The audiences.
const (
	Customer Audience = "customer" // who sends the load
	Team     Audience = "team"     // the pipeline's team, which answers for a customer
)

// For returns the question in the words for an audience.
func (q Question) For(who Audience) Question {
	if text, other := teamTexts()[q.Key]; who == Team && other {
		q.Text = text
	}
	return q
}

// teamTexts are the questions that a team does not ask itself in the customer's words.
func teamTexts() map[string]string {
	return map[string]string{
		"customer": "Who is the customer?",
		"contact":  "Who of the customer's can be reached while it runs?",
		string(scenario.AskCommitted): "Is the customer committed, and not waiting on the import to decide about " +
			"the product?",
		string(scenario.AskOverlap):  "Does the customer have a contact available in your working hours while it runs?",
		string(scenario.AskPeakRate): "How many events a second does the customer send at the peak?",
		string(scenario.AskRamp):     "How long does the customer take to reach the peak rate?",
	}
}

// Questions returns what is asked of a customer, in the order in which it is asked. The
// first two are about who answers; the others are those of [scenario.Questions].
func Questions() []Question {
	all := []Question{
		{
			Key: "customer", Text: "Who are you?", Why: "the scenario and its reports are named after you",
			How: "the name of your company, in one line", Example: "Acme",
			read: func(a *Answers, text string) (err error) { a.Customer, err = readLine(text); return err },
			says: func(a *Answers) string { return a.Customer },
		},
		{
			Key: "contact", Text: "Who can be reached while it runs?",
			Why: "the people who see the load must be able to have it stopped",
			How: "an email address or a telephone number, in one line", Example: "data@acme.example",
			read: func(a *Answers, text string) (err error) { a.Contact, err = readLine(text); return err },
			says: func(a *Answers) string { return a.Contact },
		},
	}
	all = append(all, intentions()...)
	all = append(all, contents()...)
	all = append(all, loads()...)
	for i := range all[2:] {
		all[i+2].Text = scenario.Question(all[i+2].Key).Text()
	}
	return all
}

// intentions are the questions about the customer's side.
func intentions() []Question {
	return []Question{
		{
			Key: string(scenario.AskCommitted), Why: "capacity is made for those who stay; a trial can be smaller",
			How: yesOrNo, Example: "yes",
			read: func(a *Answers, text string) (err error) { a.Committed, err = readAnswer(text); return err },
			says: func(a *Answers) string { return said(a.Committed) },
		},
		{
			Key: string(scenario.AskStarts), Why: "the team accepts loads while it can watch them, on a quiet weekday",
			How: "a date, a time, and an offset from UTC or a time zone such as Europe/Berlin (left out, it is UTC); " +
				"a " +
				"weekday before it if you like", Example: "Tue 2026-12-01 10:00 +01:00",
			read: func(a *Answers, text string) (err error) { a.Starts, err = readStart(text); return err },
			says: func(a *Answers) string { return saidTime(a.Starts) },
		},
		{
			Key: string(scenario.AskOverlap), Why: "if it goes wrong, both sides must be there to stop it",
			How: yesOrNo, Example: "yes",
			read: func(a *Answers, text string) (err error) { a.Overlap, err = readAnswer(text); return err },
			says: func(a *Answers) string { return said(a.Overlap) },
		},
	}
}

// contents are the questions about the events.
func contents() []Question {
	return []Question{
		{
			Key: keyHistorical, Why: "historical events have a lane of their own, which does not delay " +
				"live events and has no limit for one distinct_id",
			How:     "yes, no, or yes with a period as in yes, 2025-01-01 to 2026-06-30",
			Example: "yes, 2025-01-01 to 2026-06-30",
			Assumed: "no: they have the time of sending",
			read: func(a *Answers, text string) (err error) {
				a.Historical, a.Period, err = readHistorical(text)
				return err
			},
			says: (*Answers).saidHistorical,
		},
		{
			Key: string(scenario.AskBatching), Why: "unbatched requests cost far more per event",
			How: "a number, or the fewest and the most as in 20-100; 1 if you do not batch", Example: "100",
			Assumed: "100 events a request",
			read:    func(a *Answers, text string) (err error) { a.Fewest, a.Most, err = readBatch(text); return err },
			says:    (*Answers).saidBatch,
		},
		{
			Key: string(scenario.AskHottestIDs),
			Why: "the events of one id go to one partition, in order: a few very busy ids delay everybody",
			How: "paste what a query for the count of events per distinct_id returns, the busiest first " +
				"(20 rows will do); only the counts are kept",
			Example: "distinct_id,count\nimport-job,250000\nuser-17,41200\nuser-4,12077",
			Assumed: "no person stands out: shares fall as 1/rank", Lines: true,
			read: func(a *Answers, text string) (err error) { a.Hottest, err = readTable(text); return err },
			says: (*Answers).saidHottest,
		},
		{
			Key: string(scenario.AskEventTypes), Why: "some events cost more than others",
			How:     "a name and a share or a count each, one a line or separated by commas",
			Example: "$pageview 70%\npurchase 27%\n$identify 3%",
			Assumed: "pageviews alone, beside the merges", Lines: true,
			read: func(a *Answers, text string) (err error) { a.Types, err = readTypes(text); return err },
			says: (*Answers).saidTypes,
		},
		{
			Key: string(scenario.AskMergeEvents), Why: "a merge is the costliest event, and waits for others",
			How:     "their names, or none; with a share or a count each where the question before has none",
			Example: "$identify",
			Assumed: "3% of the events are $identify, unless the events are listed", Lines: true,
			read: func(a *Answers, text string) (err error) { a.Merges, err = readMerges(text); return err },
			says: (*Answers).saidMerges,
		},
		{
			Key: string(scenario.AskApps), Why: "an app runs for every event",
			How: yesOrNo, Example: "no",
			read: func(a *Answers, text string) (err error) { a.Apps, err = readAnswer(text); return err },
			says: func(a *Answers) string { return said(a.Apps) },
		},
	}
}

// loads are the questions about the rate over time.
func loads() []Question {
	return []Question{
		{
			Key: string(scenario.AskPeakRate), Why: "the pipeline is scaled to the peak",
			How: "events per second, minute or hour; events, not requests", Example: "5000/s",
			Assumed: "what the duration and the number of events demand, or else 500/s; of historical events 5,000/s",
			read:    func(a *Answers, text string) (err error) { a.Peak, err = readPeak(text); return err },
			says:    (*Answers).saidPeak,
		},
		{
			Key: string(scenario.AskDuration), Why: "a peak that lasts is another matter than one that passes",
			How: "a duration, a number of events, or both as in 36M events in 2h15m", Example: "2h",
			Assumed: "as long as the number of events takes at the peak rate, or else 10m",
			read: func(a *Answers, text string) (err error) {
				a.Duration, a.Total,
					err = readExtent(text)
				return err
			},
			says: (*Answers).saidExtent,
		},
		{
			Key: string(scenario.AskRamp), Why: "a pipeline can follow a ramp; a jump to the peak is an attack",
			How: "a duration, or none", Example: "10m",
			Assumed: "10m, or a fifth of the duration if that is shorter",
			read: func(a *Answers, text string) (err error) {
				a.Ramp, err = readRamp(text)
				a.Ramps = err == nil
				return err
			},
			says: (*Answers).saidRamp,
		},
	}
}

// Keys returns the names of all questions, in the order in which they are asked.
func Keys() []string {
	var keys []string
	for _, q := range Questions() {
		keys = append(keys, q.Key)
	}
	return keys
}

// Open returns the questions of the intake that are unanswered.
func (a *Answers) Open() []scenario.Question {
	var open []scenario.Question
	for _, q := range Questions()[2:] {
		if q.says(a) == "" {
			open = append(open, scenario.Question(q.Key))
		}
	}
	return open
}

// explain writes what helps a person who answers.
func (q Question) explain() string {
	lines := []string{"Why: " + q.Why + ".", "Answer: " + q.How + "."}
	if q.Assumed != "" {
		lines = append(lines, "Without an answer: "+q.Assumed+".")
	}
	example := strings.ReplaceAll(q.Example, "\n", "\n         ")
	return strings.Join(append(lines, fmt.Sprintf("Example: %s", example)), "\n")
}
