package preflight

import (
	"cmp"
	"math"
	"slices"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Input is what a check looks at.
type Input struct {
	Scenario *scenario.Scenario
	// nil: the published ones, and those of the embedded endpoint where that is the target
	Facts *Facts
	Load  Load
	Now   time.Time // when the run would start, unless the intake says so

	Beside *Input // the scenario's background; nil: it has none
	along  *Input // the stream that it is the background of; nil: it is none
	Shards int    // how many machines share the load; less than 2: none do
}

// Check foretells what the input does to the pipeline.
func Check(in Input) *Report {
	l := newChecker(in)
	l.report = &Report{
		Format: Format, Scenario: in.Scenario.Name, SHA256: in.Scenario.SHA256(),
		Findings: []Finding{}, HotIDs: []HotID{}, HeldTo: l.assumptions(),
		basis: basis{curve: in.Load.Curve.Stages(), facts: l.facts, limit: l.limits().steady()},
	}
	if l.stated {
		l.report.start = l.start
	}
	l.plan()
	aside := l.background(in.Beside)
	if l.facts.Capacity > 0 || l.file {
		l.report.Headroom = l.headroom()
	}
	if l.load.Tally != nil {
		l.load.Tally.report(l)
	} else {
		l.foretell()
	}
	l.overQuotas()
	for _, rule := range rules {
		l.report.Findings = append(l.report.Findings, rule(l)...)
	}
	l.report.Findings = append(l.report.Findings, aside...)
	slices.SortStableFunc(l.report.Findings, func(a, b Finding) int {
		return cmp.Compare(weightOf(a.Severity), weightOf(b.Severity))
	})
	l.report.judge()
	return l.report
}

// background checks the stream that is sent beside, against the same facts, and returns
// what was found. What is said of the pipeline as a whole is said once, of both.
func (l *checker) background(in *Input) (found []Finding) {
	if in == nil {
		return nil
	}
	aside := *in
	aside.along = &Input{Scenario: l.s, Load: *l.load}
	r := Check(aside)
	l.report.Background = &Beside{Scenario: r.Scenario, Plan: r.Plan, Peak: peakOfStages(l.together)}
	once := []string{"over-capacity", "near-capacity", "drain-time", "unanswered", "starts-passed", "not-committed",
		"apps", "other-host"}
	for _, f := range r.Findings {
		if !slices.Contains(once, f.ID) {
			f.Message, f.Hint = "background: "+f.Message, "in the background, "+f.Hint
			found = append(found, f)
		}
	}
	return found
}

// ofBoth says of a peak that it is that of the load and its background.
func (l *checker) ofBoth() string {
	if l.report.Background == nil {
		return ""
	}
	return ", with the background,"
}

// peakFor is how high the load may peak for all to stay at a rate: the background stays.
func (l *checker) peakFor(rate float64) string {
	if rate = l.ownPart(rate); rate <= 0 {
		return "a time without the background, which alone is more"
	}
	return rateText(rate)
}

// ownPart is what the background leaves of a rate.
func (l *checker) ownPart(rate float64) float64 {
	if b := l.report.Background; b != nil {
		rate -= b.Plan.PeakEvents
	}
	return rate
}

// weightOf orders severities, the heaviest first.
func weightOf(s Severity) int {
	return slices.Index([]Severity{SeverityRefuse, SeverityAccommodate, SeverityNote}, s)
}

// rules are what makes findings.
var rules = []func(*checker) []Finding{
	noEnd, pause, noRamp, singleEvents, connections, shares, retries, persons, names, overLimit,
	refusedRequests, largeBodies, largeEvents,
	overCapacity, nearCapacity, hotIDs, globalLimit, replicas, forcedOverflow, importMode, droppedByRule,
	withoutPersons, redirected, unmatched, quota, quotaEnds, scripted, mergesAtRisk,
	cookieless, mergesTooSoon, mergeIDs, overrideRows, mergeHeavy, apps, committed,
	hours, historical, historicalRate, unsorted,
	clamped,
	otherHost,
	unanswered, passed, recorded, batchSize, uncompressed, cost, drain, brokerDisk, lagging, unlike,
}

// newChecker prepares the examination.
func newChecker(in Input) *checker {
	l := &checker{s: in.Scenario, facts: in.Facts, load: &in.Load, shards: in.Shards}
	l.now, l.file, l.beside = in.Now, in.Facts != nil, cmp.Or(in.Beside, in.along)
	l.together = in.Load.Curve.Stages()
	if b := in.Beside; b != nil {
		l.together = sumOf(l.together, b.Load.Curve.Stages())
	}
	if l.facts == nil {
		l.facts = FactsOf(in.Scenario)
	}
	l.buckets, l.most = buckets(l.s, l.facts), l.facts.Limits(l.s.Target.Endpoint)
	l.start, l.stated = Start(l.s, in.Now), !l.s.Intake.Starts.IsZero()
	return l
}

// Start is when a run of s begins: when the intake says, else now.
func Start(s *scenario.Scenario, now time.Time) time.Time {
	if starts := s.Intake.Starts; !starts.IsZero() {
		return starts
	}
	return now
}

// FactsOf are the facts where no file gives them: the published ones, and where
// the target is the embedded endpoint, what the scenario makes of that.
func FactsOf(s *scenario.Scenario) *Facts {
	f := DefaultFacts()
	if s.Target.URL != "" {
		return f
	}
	f.Facts = *s.Staging.Behind()
	f.Capacity, f.Generation = s.Staging.Capacity, s.Staging.Generation
	f.HistoricalAfter = s.Staging.Setup.HistoricalAfter
	f.Partitions = cmp.Or(s.Staging.Partitions, f.Partitions)
	return f
}

// Behind is s as the endpoint that facts tell of would see it, and what that takes.
// Without facts it is the embedded one, or the published one at another URL.
func Behind(s *scenario.Scenario, facts *Facts) (*scenario.Scenario, capture.Limits) {
	there := *s
	if facts != nil || s.Target.URL != "" {
		there.Staging = scenario.Staging{} // which tells of another endpoint
	}
	if facts == nil {
		facts = FactsOf(s)
	}
	there.Staging.Generation, there.Staging.Facts = facts.Generation, &facts.Facts
	return &there, facts.Limits(s.Target.Endpoint)
}

// plan fills in what needs no ids.
func (l *checker) plan() {
	load, p := l.load, &l.report.Plan
	seconds := load.Curve.Span().Seconds()
	*p = Plan{
		Events: load.Events, Requests: load.Requests, BodyBytes: load.Body, WireBytes: load.Wire,
		Seconds:    seconds,
		PeakEvents: load.Curve.Peak(), PeakRequests: load.Curve.Peak() / load.perRequest(),
		MeanEvents:   float64(load.Events) / max(seconds, 1e-9),
		MeanRequests: float64(load.Requests) / max(seconds, 1e-9),
		ServiceMS:    float64(l.facts.Service) / float64(time.Millisecond),
		Counted:      load.Tally != nil, Errors: load.Errors,
	}
	p.Refused = []Refused{}
	for _, r := range load.Refused {
		if r.Discard == capture.ByRule && load.Tally == nil {
			continue // which is known better than a sample has it, see rules
		}
		p.Refused = append(p.Refused, Refused{r.Status, string(plain(r.Reason, 200)), r.Requests,
			r.Events, r.Error})
	}
	// Little's law: as many requests are under way as come in during one.
	p.Connections = int(math.Ceil(p.PeakRequests * l.facts.Service.Seconds()))
	if c := l.facts.Capacity; c > 0 {
		waiting := follow(l.together, 1, limits{perSecond: c, burst: math.Inf(1)})
		p.Backlog, p.Drain = int64(math.Round(waiting.top)), waiting.level/c
	}
}

// limits returns the limits of an id that no override names. The historical lane knows
// none.
func (l *checker) limits() limits { return l.limitsOf(nil) }

// limitsOf returns the limits of an id; nil: of one that no override names.
func (l *checker) limitsOf(k *key) limits {
	if l.s.Target.HistoricalMigration {
		return limits{}
	}
	o, n := l.facts.Overflow, float64(l.buckets)
	m := limits{perSecond: float64(o.PerSecond) * n, burst: float64(o.Burst) * n, consumer: l.facts.Consumer.Limit,
		global: l.facts.Global}
	if k != nil {
		m.global.Events = m.global.Of([]byte(k.token), k.bytes())
		if l.restricts(pipeline.SkipPersons, k) {
			m.global, m.consumer = pipeline.GlobalLimit{}, pipeline.Limit{}
		}
	}
	return m
}

// steady is the highest rate that an id may keep; 0: any.
func (m limits) steady() (lowest float64) {
	for _, each := range [...]float64{m.perSecond, m.global.PerSecond(m.global.Events), float64(m.consumer.PerSecond)} {
		if each > 0 && (lowest == 0 || each < lowest) {
			lowest = each
		}
	}
	return lowest
}

// safe notes the highest total rate at which an id with a share does not
// overflow.
func (l *checker) safe(share float64) {
	if rate := l.limits().steady() / share; rate > 0 && !math.IsInf(rate, 0) {
		l.report.Plan.SafeRate = &rate
	}
}

// mergesAre notes how many merges there are and what they cost.
func (l *checker) mergesAre(m Merges) {
	m.WindowS = l.facts.Hazard.Seconds()
	l.report.Merges, l.report.Plan.Merges = m, m.Total
}

// eventsCost notes what all events cost.
func (l *checker) eventsCost(mean float64) {
	if l.s.Intake.Apps == scenario.Yes {
		mean += l.facts.Costs.Apps
	}
	l.meanly = mean
	l.report.Plan.Cost = math.Round(mean * float64(l.load.Events))
}

// Load is what will be sent, as the generator counts or estimates it. The errors
// are as in Errors.
type Load struct {
	Events   int64
	Requests int64
	Body     int64 // bytes before compression
	Wire     int64 // bytes as they travel, heads included
	MaxBody  int64 // of the largest body that was built
	MaxWire  int64 // and of it as it travels
	Errors   Errors

	Refused []capture.Refused // what an endpoint refuses, by reason

	Curve *schedule.Curve
	// when the batch of an event is due; nil: when the event is
	Leaves func(event int64) time.Duration

	Recorded bool // requests are sent byte for byte as they were recorded

	Warnings []string // what a recording holds that is not as it should be
	Pause    Pause    // of a recording: the longest, if it is worth a word

	Tally *Tally // what was counted, if every request was built; else nil
}

// Pause is a time in which nothing is sent: how long it is, what is said of it, and
// what would help.
type Pause struct {
	Length        time.Duration
	Message, Hint string
}

// mostRows is how many stages a recorded curve is cut into.
const mostRows = 20_000

// Steps turns a curve that is known second by second into a profile.
func Steps(rate func(time.Duration) float64, span time.Duration) (*schedule.Curve, error) {
	width := max(time.Second, (span/mostRows + time.Second).Truncate(time.Second))
	var stages []schedule.Stage
	for at := time.Duration(0); at <= span; at += width {
		r := rate(at + time.Second/2)
		stages = append(stages, schedule.Stage{From: r, To: r, Over: width})
	}
	return schedule.NewCurve(stages)
}

// sumOf adds up two curves, each 0 after its end.
func sumOf(a, b []schedule.Stage) (sum []schedule.Stage) {
	for len(a) > 0 || len(b) > 0 {
		width := min(lengthOf(a), lengthOf(b))
		one, restA := cutStage(a, width)
		other, restB := cutStage(b, width)
		sum = append(sum, schedule.Stage{From: one.From + other.From, To: one.To + other.To, Over: width})
		a, b = restA, restB
	}
	return sum
}

// lengthOf is that of the first stage; endless where there is none.
func lengthOf(stages []schedule.Stage) time.Duration {
	if len(stages) == 0 {
		return math.MaxInt64
	}
	return stages[0].Over
}

// cutStage cuts the beginning off the first stage, nothing off none, and returns what is
// left.
func cutStage(stages []schedule.Stage, width time.Duration) (cut schedule.Stage, rest []schedule.Stage) {
	if len(stages) == 0 {
		return schedule.Stage{Over: width}, nil
	}
	first := stages[0]
	if width >= first.Over {
		return first, stages[1:]
	}
	middle := first.From + (first.To-first.From)*float64(width)/float64(first.Over)
	left := schedule.Stage{From: middle, To: first.To, Over: first.Over - width}
	return schedule.Stage{From: first.From, To: middle, Over: width}, append([]schedule.Stage{left}, stages[1:]...)
}

// perRequest is how many events a request has on average.
func (l *Load) perRequest() float64 { return float64(l.Events) / float64(max(l.Requests, 1)) }
