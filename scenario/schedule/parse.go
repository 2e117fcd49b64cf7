package schedule

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"rehearse/internal/units"
)

// maxSteps bounds what one step(...) may unfold to.
const maxSteps = 10_000

// function is one word of the profile's language.
type function struct {
	form string // as a hint shows it
	read func(a *arguments) []Stage
}

// functions are the profile's language, as in Yandex.Tank.
var functions = map[string]function{
	"line":  {"line(from, to, over)", readLine},
	"const": {"const(rate, over)", readConst},
	"step":  {"step(from, to, by, each)", readStep},
}

// Parse reads a load profile as text: functions one after another, separated by
// blanks.
//
//	line(from, to, over)      the rate moves evenly from one to the other
//	const(rate, over)         the rate stays
//	step(from, to, by, each)  the rate stays at from, then at from + by, and so on,
//	                          each time for the duration each, and last at to; it
//	                          falls where to is less than from
//
// Rates are as in ParseRate, durations as in ParseDuration. The error joins one
// error for every shape that cannot be read.
func Parse(text string) ([]Stage, error) {
	stages, problems := parseCalls(text)
	return stages, errors.Join(problems...)
}

func parseCalls(text string) (stages []Stage, problems []error) {
	rest := strings.TrimSpace(text)
	if rest == "" {
		return nil, []error{errors.New("the profile is empty")}
	}
	for rest != "" {
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			return nil, append(problems, fmt.Errorf("cannot read %q: a closing ) is missing", units.Clip(rest)))
		}
		call := rest[:end+1]
		rest = strings.TrimSpace(rest[end+1:])
		more, err := parseCall(call)
		if err != nil {
			problems = append(problems, fmt.Errorf("cannot read %q: %w", units.Clip(call), err))
		}
		stages = append(stages, more...)
	}
	return stages, problems
}

// parseShape reads one call such as "const(5000, 30m)".
func parseCall(call string) ([]Stage, error) {
	name, inside, open := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	if !open {
		return nil, errors.New("an opening ( is missing")
	}
	name = strings.TrimSpace(name)
	s, known := functions[name]
	if !known {
		words := strings.Join(slices.Sorted(maps.Keys(functions)), ", ")
		return nil, fmt.Errorf("unknown shape %q, known are %s", units.Clip(name), words)
	}
	a := &arguments{texts: strings.Split(inside, ",")}
	if len(a.texts) != strings.Count(s.form, ",")+1 {
		return nil, fmt.Errorf("it reads %s", s.form)
	}
	stages := s.read(a)
	return stages, a.err
}

// arguments are read from left to right; the first error sticks.
type arguments struct {
	texts []string
	err   error
}

func (a *arguments) next() string {
	text := strings.TrimSpace(a.texts[0])
	a.texts = a.texts[1:]
	return text
}

func (a *arguments) rate() float64 {
	rate, err := units.ParseRate(a.next())
	a.keep(err)
	return rate
}

func (a *arguments) duration() time.Duration {
	d, err := units.ParseDuration(a.next())
	a.keep(err)
	return d
}

func (a *arguments) keep(err error) {
	if a.err == nil {
		a.err = err
	}
}

func readLine(a *arguments) []Stage {
	return []Stage{{From: a.rate(), To: a.rate(), Over: a.duration()}}
}

func readConst(a *arguments) []Stage {
	rate := a.rate()
	return []Stage{{From: rate, To: rate, Over: a.duration()}}
}

func readStep(a *arguments) []Stage {
	from, to, by, each := a.rate(), a.rate(), a.rate(), a.duration()
	if a.err != nil {
		return nil
	}
	if by <= 0 {
		a.keep(errors.New("by must be more than 0"))
		return nil
	}
	// A step that lands on to but for rounding is the last, not the one before.
	steps := math.Ceil(math.Abs(to-from)/by - 1e-9)
	if steps >= maxSteps {
		a.keep(fmt.Errorf("more than %d steps", maxSteps))
		return nil
	}
	by = math.Copysign(by, to-from)
	var stages []Stage
	for k := range int(steps) {
		rate := from + float64(k)*by
		stages = append(stages, Stage{rate, rate, each})
	}
	return append(stages, Stage{to, to, each})
}
