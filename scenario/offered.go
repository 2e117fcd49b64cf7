package scenario

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"rehearse/scenario/schedule"
)

// Offered is the offered load over time.
type Offered struct {
	Curve    *schedule.Curve // nil only for a replay on its recorded clock
	Arrivals schedule.Arrivals
	Late     Late

	Stages []schedule.StageSpan // the stages as the file gives them
}

func defaultOffered() Offered { return Offered{Arrivals: schedule.Even, Late: LateQueue} }

func readOffered(v value) Offered {
	l := defaultOffered()
	var curve value // where the stages came from
	var stages []schedule.Stage
	names := map[int]string{} // of stages, by their place
	keep := func(read func(value) []schedule.Stage) func(value) {
		return func(v value) { curve, stages = v, read(v) }
	}
	sound := v.object(fields{
		"profile":  keep(readProfile),
		"stages":   keep(func(v value) []schedule.Stage { return readStages(v, names) }),
		"follow":   keep(readFollow),
		"arrivals": func(v value) { l.Arrivals = oneOf(v, []schedule.Arrivals{schedule.Even, schedule.Poisson}) },
		"late":     func(v value) { l.Late = oneOf(v, []Late{LateQueue, LateSkip}) },
	})
	if !sound || curve.node == nil {
		return l
	}
	p, err := schedule.NewCurve(stages)
	switch {
	case err != nil:
		curve.fail(err.Error(), "")
	case p.Total() == 0:
		curve.fail("offers not one event", "")
	}
	l.Curve, l.Stages = p, schedule.StageSpans(stages, names)
	return l
}

func readProfile(v value) []schedule.Stage {
	text, ok := v.scalar("text", tagText)
	if !ok {
		return nil
	}
	stages, err := schedule.Parse(text)
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range all.Unwrap() {
			v.unreadable(err, "as in line(0, 5000, 10m) const(5000, 30m) step(1k, 5k, 1k, 1m)")
		}
	}
	return stages
}

// readStages reads the stages as a list. A stage that does not say where it
// starts starts where the one before it ended, the first at 0. The names that
// are given go into names.
func readStages(v value, names map[int]string) []schedule.Stage {
	var stages []schedule.Stage
	var last float64
	for _, item := range v.list() {
		s := schedule.Stage{From: last}
		item.object(fields{
			"from": func(v value) { s.From = v.rate() },
			"to":   func(v value) { s.To = v.rate() },
			"over": func(v value) { s.Over = v.duration(0, schedule.MaxStage) },
			"name": func(v value) { names[len(stages)] = readStageName(v) },
		})
		item.require("to", "over")
		last = s.To
		stages = append(stages, s)
	}
	return stages
}

// readFollow reads a recorded series, one stage a row.
func readFollow(v value) []schedule.Stage {
	var file value
	var every time.Duration
	scale, speed, columns := 1.0, 1.0, schedule.SeriesColumns{Period: "period", Count: "count"}
	sound := v.object(fields{
		"file":    func(v value) { file = v },
		"period":  func(v value) { columns.Period = v.line(1, maxLine) },
		"count":   func(v value) { columns.Count = v.line(1, maxLine) },
		"seconds": func(v value) { columns.Seconds = v.line(1, maxLine) },
		"scale":   func(v value) { scale = v.number(0, 1e9) },
		"every":   func(v value) { every = v.duration(time.Millisecond, schedule.MaxStage) },
		"speed":   func(v value) { speed = v.number(1e-3, 1e6) },
	})
	if !v.require("file") || !sound {
		return nil
	}
	s := readSeries(file, columns)
	if s == nil {
		return nil
	}
	if columns.Seconds != "" && every != 0 {
		v.at(v.node, "every").fail("given beside seconds", "each row of the file says how long it lasts: speed plays them all faster")
	}
	if every == 0 {
		every = s.Spacing
	}
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

func readSeries(v value, columns schedule.SeriesColumns) *schedule.Series {
	name := v.line(1, 4096)
	if name == "" {
		return nil
	}
	path := v.d.resolve(name)
	v.d.series = append(v.d.series, path)
	s, err := schedule.ReadSeries(path, columns)
	if err == nil {
		err = v.d.tree.note(path)
	}
	if err != nil {
		v.fail("cannot read "+v.quoted()+": "+cause(err).Error(), "")
	}
	return s
}

// resolve returns a path of the scenario as seen from here.
func (d *decoder) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(d.dir, path)
}

// cause drops the path from an error of the file system: whoever reports it has
// named the file as the scenario does.
func cause(err error) error {
	var broken *fs.PathError
	if errors.As(err, &broken) {
		return broken.Err
	}
	return err
}

// readStageName reads the name of a stage: one word that no number is.
func readStageName(v value) string {
	name := v.line(1, 40)
	_, err := strconv.Atoi(name)
	if strings.ContainsFunc(name, unicode.IsSpace) || err == nil || name == "stage" {
		v.fail("must be one word and no number", "thresholds name it, as in p99 < 500ms in hold")
	}
	return name
}
