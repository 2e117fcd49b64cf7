package scenario

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

// Offered is the offered load over time.
type Offered struct {
	Profile  *Profile // nil only for a replay on its recorded clock
	Arrivals Arrivals
	Late     Late

	Stretches []Stretch // the stages as the file gives them
}

// maxOver is how long one stage may last.
const maxOver = 366 * 24 * time.Hour

func defaultOffered() Offered { return Offered{Arrivals: ArrivalsEven, Late: LateQueue} }

func readOffered(v value) Offered {
	l := defaultOffered()
	var curve value // where the stages came from
	var stages []Stage
	names := map[int]string{} // of stages, by their place
	keep := func(read func(value) []Stage) func(value) {
		return func(v value) { curve, stages = v, read(v) }
	}
	sound := v.object(fields{
		"profile":  keep(readProfile),
		"stages":   keep(func(v value) []Stage { return readStages(v, names) }),
		"follow":   keep(readFollow),
		"arrivals": func(v value) { l.Arrivals = oneOf(v, []Arrivals{ArrivalsEven, ArrivalsPoisson}) },
		"late":     func(v value) { l.Late = oneOf(v, []Late{LateQueue, LateSkip}) },
	})
	if !sound || curve.node == nil {
		return l
	}
	p, err := NewProfile(stages)
	switch {
	case err != nil:
		curve.fail(err.Error(), "")
	case p.Total() == 0:
		curve.fail("offers not one event", "")
	}
	l.Profile, l.Stretches = p, stretches(stages, names)
	return l
}

func readProfile(v value) []Stage {
	text, ok := v.scalar("text", tagText)
	if !ok {
		return nil
	}
	stages, problems := parseShapes(text)
	for _, err := range problems {
		v.unreadable(err, "as in line(0, 5000, 10m) const(5000, 30m) step(1k, 5k, 1k, 1m)")
	}
	return stages
}

// readStages reads the stages as a list. A stage that does not say where it
// starts starts where the one before it ended, the first at 0. The names that
// are given go into names.
func readStages(v value, names map[int]string) []Stage {
	var stages []Stage
	var last float64
	for _, item := range v.list() {
		s := Stage{From: last}
		item.object(fields{
			"from": func(v value) { s.From = v.rate() },
			"to":   func(v value) { s.To = v.rate() },
			"over": func(v value) { s.Over = v.duration(0, maxOver) },
			"name": func(v value) { names[len(stages)] = readStageName(v) },
		})
		item.require("to", "over")
		last = s.To
		stages = append(stages, s)
	}
	return stages
}

// readFollow reads a recorded series, one stage a row.
func readFollow(v value) []Stage {
	var file value
	var every time.Duration
	scale, columns := 1.0, SeriesColumns{"period", "count"}
	sound := v.object(fields{
		"file":   func(v value) { file = v },
		"period": func(v value) { columns.Period = v.line(1, maxLine) },
		"count":  func(v value) { columns.Count = v.line(1, maxLine) },
		"scale":  func(v value) { scale = v.number(0, 1e9) },
		"every":  func(v value) { every = v.duration(time.Millisecond, maxOver) },
	})
	if !v.require("file") || !sound {
		return nil
	}
	s := readSeries(file, columns)
	if s == nil {
		return nil
	}
	if every == 0 {
		every = s.Spacing
	}
	return s.Stages(scale, every)
}

func readSeries(v value, columns SeriesColumns) *Series {
	name := v.line(1, 4096)
	if name == "" {
		return nil
	}
	path := v.d.resolve(name)
	v.d.series = append(v.d.series, path)
	s, err := ReadSeries(path, columns)
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
