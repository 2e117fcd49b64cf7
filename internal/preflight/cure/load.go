package cure

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// mostStages is of how many stages a profile may be rewritten: more of them nobody
// reads.
const mostStages = 60

// Peak sends the same events in the same shape over so much more time that the load peaks
// at a rate. stages are those of the load as it is.
func Peak(s *scenario.Scenario, stages []schedule.Stage, rate float64) Cure {
	peak := 0.0
	for _, stage := range stages {
		peak = max(peak, stage.From, stage.To)
	}
	rate = floor(rate)
	if rate <= 0 || rate >= peak {
		return Cure{}
	}
	c := Cure{What: "peak at " + text.Rate(rate) + " events/s"}
	switch slower := rate / peak; {
	case s.Load.Curve == nil:
		c.Set = []string{"replay.speed=" + number(round(s.Replay.Speed*slower, 4))}
	case s.Gives("load.follow"):
		c.Set = []string{"load.follow.speed=" + number(round(s.Load.Speed*slower, 4))}
	case len(stages) > mostStages:
		return Cure{}
	default:
		c.Set = profile(s, stretched(stages, slower))
	}
	return c
}

// floor cuts a rate down to three digits.
func floor(rate float64) float64 {
	if rate <= 0 || math.IsInf(rate, 0) || math.IsNaN(rate) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(rate))-2)
	return round(math.Floor(rate/unit*(1+1e-9))*unit, 3)
}

// stretched are stages with their rates times a factor, each as long as its events take
// then. One without events stays as long as it is.
func stretched(stages []schedule.Stage, by float64) []schedule.Stage {
	all := make([]schedule.Stage, len(stages))
	for i, s := range stages {
		all[i] = schedule.Stage{From: round(s.From*by, 4), To: round(s.To*by, 4), Over: s.Over}
		if sum := all[i].From + all[i].To; sum > 0 {
			seconds := (s.From + s.To) / sum * s.Over.Seconds()
			all[i].Over = time.Duration(math.Round(seconds*1000)) * time.Millisecond
		}
	}
	return all
}

// Ramp rises in a line wherever the load would rise by more within a second than may come
// at once, or than what is there.
func Ramp(s *scenario.Scenario, stages []schedule.Stage, free float64) Cure {
	if s.Load.Curve == nil || s.Gives("load.follow") || len(stages) > mostStages {
		return Cure{}
	}
	var all []schedule.Stage
	last := 0.0
	for _, stage := range stages {
		if jump := stage.From - last; jump > max(free, last) {
			all = append(all, schedule.Stage{From: last, To: stage.From, Over: within(jump, free)})
		}
		if rise := stage.To - stage.From; rise > max(free, stage.From)*stage.Over.Seconds() {
			stage.Over = max(within(rise, free), stage.Over)
		}
		all, last = append(all, stage), stage.To
	}
	return Cure{What: "rise in a line", Set: profile(s, all)}
}

// within is how long a rise takes in whole seconds, at so much a second.
func within(rise, each float64) time.Duration {
	return time.Duration(math.Ceil(rise/each)) * time.Second
}

// Shorten ends the load after so many events, a share of all.
func Shorten(s *scenario.Scenario, stages []schedule.Stage, events float64) Cure {
	if s.Load.Curve == nil || s.Gives("load.follow") || len(stages) > mostStages || events < 1 {
		return Cure{}
	}
	total := 0.0
	for _, stage := range stages {
		total += (stage.From + stage.To) / 2 * stage.Over.Seconds()
	}
	if events >= total {
		return Cure{}
	}
	all := make([]schedule.Stage, len(stages))
	for i, stage := range stages {
		stage.Over = time.Duration(float64(stage.Over)*events/total/float64(time.Millisecond)) * time.Millisecond
		all[i] = stage
	}
	return Cure{What: "send " + text.Count(math.Floor(events)) + " events only", Set: profile(s, all)}
}

// profile are the overrides that give a scenario these stages.
func profile(s *scenario.Scenario, stages []schedule.Stage) (set []string) {
	if s.Gives("load.stages") {
		set = append(set, "load.stages=null")
	}
	var words []string
	for _, stage := range stages {
		over := units.FormatDuration(stage.Over)
		if stage.From == stage.To {
			words = append(words, fmt.Sprintf("const(%s, %s)", number(stage.From), over))
			continue
		}
		words = append(words, fmt.Sprintf("line(%s, %s, %s)", number(stage.From), number(stage.To), over))
	}
	return append(set, "load.profile="+strings.Join(words, " "))
}

// number writes a number as a scenario has it.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
