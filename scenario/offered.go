package scenario

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// Late is what happens when no connection is free at the due time.
type Late string

// The answers to being late.
const (
	LateQueue Late = "queue" // send late; latency still runs from the due time
	LateSkip  Late = "skip"  // do not send; counted as unsent
)

// Offered is the offered load over time.
type Offered struct {
	Curve    *schedule.Curve // nil only for a replay on its recorded clock
	Arrivals schedule.Arrivals
	Late     Late

	// Closed is how long each connection sends its next request as soon as the one before is
	// answered; 0: the load is a schedule. Curve is then more than can be sent, at closedRate.
	Closed time.Duration

	Stages []schedule.StageSpan // the stages as the file gives them
	Series []FileSum            // the files of rates that were read for them
	Speed  float64              // that a series is played at; 0: it is no series
}

// closedRate is how many events a second a closed loop plans: more than one machine sends.
const closedRate = 20e6

func defaultOffered() Offered { return Offered{Arrivals: schedule.Even, Late: LateQueue} }

func readOffered(v strict.Value) Offered {
	l := defaultOffered()
	var curve strict.Value // where the stages came from
	var stages []schedule.Stage
	names := map[int]string{} // of stages, by their place
	keep := func(read func(strict.Value) []schedule.Stage) func(strict.Value) {
		return func(v strict.Value) { curve, stages = v, read(v) }
	}
	sound := v.Object(strict.Fields{
		"profile": keep(readProfile),
		"stages":  keep(func(v strict.Value) []schedule.Stage { return readStages(v, names) }),
		"follow":  keep(func(v strict.Value) []schedule.Stage { return readFollow(v, &l) }),
		"closed": keep(func(v strict.Value) []schedule.Stage {
			l.Closed = v.Duration(time.Second, time.Hour)
			return []schedule.Stage{{From: closedRate, To: closedRate, Over: l.Closed}}
		}),
		"arrivals": func(v strict.Value) {
			l.Arrivals = strict.OneOf(v, []schedule.Arrivals{schedule.Even, schedule.Poisson})
		},
		"late": func(v strict.Value) { l.Late = strict.OneOf(v, []Late{LateQueue, LateSkip}) },
	})
	if !sound || !curve.IsSet() {
		return l
	}
	p, err := schedule.NewCurve(stages)
	switch {
	case err != nil:
		curve.Fail(err.Error(), "")
	case p.Total() == 0:
		curve.Fail("offers not one event", "")
	}
	if l.Curve = p; l.Closed == 0 {
		l.Stages = schedule.StageSpans(stages, names)
	}
	return l
}

func readProfile(v strict.Value) []schedule.Stage {
	text, ok := v.Scalar("text", strict.Text)
	if !ok {
		return nil
	}
	stages, err := schedule.Parse(text)
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range all.Unwrap() {
			v.Unreadable(err, "as in line(0, 5000, 10m) const(5000, 30m) step(1k, 5k, 1k, 1m)")
		}
	}
	return stages
}

// readStages reads the stages as a list. A stage that does not say where it
// starts starts where the one before it ended, the first at 0. The names that
// are given go into names.
func readStages(v strict.Value, names map[int]string) []schedule.Stage {
	var stages []schedule.Stage
	var last float64
	for _, item := range v.List() {
		s := schedule.Stage{From: last}
		item.Object(strict.Fields{
			"from": func(v strict.Value) { s.From = v.Rate() },
			"to":   func(v strict.Value) { s.To = v.Rate() },
			"over": func(v strict.Value) { s.Over = v.Duration(0, schedule.MaxStage) },
			"name": func(v strict.Value) { names[len(stages)] = readStageName(v) },
		})
		item.Require("to", "over")
		last = s.To
		stages = append(stages, s)
	}
	return stages
}

// readFollow reads a recorded series, one stage a row.
func readFollow(v strict.Value, l *Offered) []schedule.Stage {
	var file strict.Value
	var every time.Duration
	scale, speed, columns := 1.0, 1.0, schedule.SeriesColumns{Period: "period", Count: "count"}
	sound := v.Object(strict.Fields{
		"file":    func(v strict.Value) { file = v },
		"period":  func(v strict.Value) { columns.Period = v.Line(1, strict.MaxLine) },
		"count":   func(v strict.Value) { columns.Count = v.Line(1, strict.MaxLine) },
		"seconds": func(v strict.Value) { columns.Seconds = v.Line(1, strict.MaxLine) },
		"scale":   func(v strict.Value) { scale = v.Number(0, 1e9) },
		"every":   func(v strict.Value) { every = v.Duration(time.Millisecond, schedule.MaxStage) },
		"speed":   func(v strict.Value) { speed = v.Number(1e-3, 1e6) },
	})
	if !v.Require("file") || !sound {
		return nil
	}
	s := readSeries(file, columns, l)
	if s == nil {
		return nil
	}
	if columns.Seconds != "" && every != 0 {
		v.FailField("every", "given beside seconds",
			"each row of the file says how long it lasts: speed plays them all faster")
	}
	if every == 0 {
		every = s.Spacing
	}
	l.Speed = speed
	return faster(s.Stages(scale, every), speed)
}

// faster plays stages so many times as fast.
func faster(stages []schedule.Stage, speed float64) []schedule.Stage {
	for i := range stages {
		s := &stages[i]
		s.From, s.To, s.Over = s.From*speed, s.To*speed, time.Duration(float64(s.Over)/speed)
	}
	return stages
}

func readSeries(v strict.Value, columns schedule.SeriesColumns, l *Offered) *schedule.Series {
	name := v.Line(1, 4096)
	if name == "" {
		return nil
	}
	path := v.Document().Resolve(name)
	s, err := schedule.ReadSeries(path, columns)
	var sum FileSum
	if err == nil {
		sum, err = sumWhole(path)
	}
	if err != nil {
		v.Fail("cannot read "+v.Quoted()+": "+strict.Cause(err).Error(), "")
	}
	l.Series = append(l.Series, sum)
	return s
}

// readStageName reads the name of a stage: one word that no number is.
func readStageName(v strict.Value) string {
	name := v.Line(1, 40)
	_, err := strconv.Atoi(name)
	if strings.ContainsFunc(name, unicode.IsSpace) || err == nil || name == "stage" {
		v.Fail("must be one word and no number", "thresholds name it, as in p99 < 500ms in hold")
	}
	return name
}

// Batching closes a batch at the first of: enough events, enough bytes, old enough.
type Batching struct {
	MinEvents, MaxEvents int           // sizes are spread evenly between the two; equal: fixed
	Bytes                int64         // of the body before compression
	Age                  time.Duration // 0: no limit
}

// The bounds of a batch.
const (
	maxBatchEvents = 100_000
	maxBatchBytes  = 100_000_000
)

// replayAge is how long an event of a replay in its own rhythm waits for company where
// nobody says: what takes longer would be another rhythm.
const replayAge = time.Second

// orDefault fills in what the file left open.
func (b Batching) orDefault(e Endpoint) Batching {
	if b.MaxEvents == 0 {
		b.MinEvents, b.MaxEvents = 100, 100
		if e == EndpointCapture {
			b.MinEvents, b.MaxEvents = 1, 1
		}
	}
	if b.Bytes == 0 {
		b.Bytes = 5_000_000
	}
	return b
}

func readBatching(v strict.Value) Batching {
	var b Batching
	v.Object(strict.Fields{
		"events": func(v strict.Value) { b.MinEvents, b.MaxEvents = readBatchEvents(v) },
		"bytes":  func(v strict.Value) { b.Bytes = v.Bytes(1000, maxBatchBytes) },
		"age":    func(v strict.Value) { b.Age = v.Duration(0, time.Hour) },
	})
	return b
}

// readBatchEvents reads a count, or the bounds between which counts are spread.
func readBatchEvents(v strict.Value) (low, high int) {
	if !v.IsMapping() {
		n := int(v.Count(1, maxBatchEvents))
		return n, n
	}
	sound := v.Object(strict.Fields{
		"min": func(v strict.Value) { low = int(v.Count(1, maxBatchEvents)) },
		"max": func(v strict.Value) { high = int(v.Count(1, maxBatchEvents)) },
	})
	if v.Require("min", "max") && sound && low > high {
		v.Fail("min is more than max", "")
	}
	return low, high
}

// closedPath is the load that is no schedule.
const closedPath = "load.closed"

// checkClosed refuses what has no meaning, or is no answer, without due times.
func checkClosed(d *strict.Document, s *Scenario) {
	if s.Load.Closed == 0 {
		return
	}
	d.Refuse("has no meaning beside load.closed: there are no due times", "leave it out", "load.arrivals", "load.late",
		"traffic.merges.delay")
	d.Refuse("has no meaning beside load.closed: which event is the last is not known", "leave it out",
		"traffic.timestamps.from", "traffic.timestamps.to")
	if t := s.Traffic; t != nil {
		for i, hot := range t.DistinctIDs.Hot {
			if hot.Events > 0 {
				failItem(d, "traffic.distinct_ids.hot", i,
					"a closed loop has no number of events of which these were some", "give a share")
			}
		}
	}
	if s.Replay != nil {
		d.Fail(closedPath, "given beside replay", "a closed loop sends synthesized events: give load.profile")
	}
	if !isLoopback(s.Target.URL) {
		d.Fail(closedPath, "a load without a rate goes to this machine alone", "give load.profile")
	}
	for i, t := range s.Thresholds {
		if t.Metric.Name == "late" || t.Metric.Name == "lag" {
			failItem(d, "thresholds", i, "nothing is late in a closed loop: there are no due times",
				"leave it out")
		}
	}
}
