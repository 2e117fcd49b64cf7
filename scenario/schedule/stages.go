package schedule

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Stage is a part of the load: linear from one rate to another, in events
// per second.
type Stage struct {
	From, To float64
	Over     time.Duration
}

// MaxStage is how long one stage of a file may last.
const MaxStage = 366 * 24 * time.Hour

func (s Stage) check() error {
	for _, r := range [...]float64{s.From, s.To} {
		if math.IsNaN(r) || math.IsInf(r, 0) || r < 0 {
			return fmt.Errorf("a rate of %v events/s", r)
		}
	}
	if s.Over < 0 {
		return fmt.Errorf("a duration of %v", s.Over)
	}
	return nil
}

func (s Stage) continues(next Stage) bool {
	return s.From == s.To && next.From == s.To && next.To == s.To
}

// when returns how far into the stage the area reaches done, with left to come.
func (s *Stage) when(done, left float64) time.Duration {
	var x float64
	switch {
	case s.From == s.To:
		x = reach(done, s.From, 0)
	case s.From > s.To:
		x = s.Over.Seconds() - reach(left, s.To, -s.slope())
	default:
		x = reach(done, s.From, s.slope())
	}
	return min(max(time.Duration(math.Round(x*1e9)), 0), s.Over)
}

// slope returns how fast the rate changes, in events per second squared.
func (s *Stage) slope() float64 { return (s.To - s.From) / s.Over.Seconds() }

// reach returns how many seconds it takes to gather an area, from a rate that
// rises with slope.
func reach(area, rate, slope float64) float64 {
	if area <= 0 {
		return 0
	}
	if slope == 0 {
		return area / rate // to the last bit what follows comes to
	}
	return 2 * area / (rate + math.Sqrt(rate*rate+2*slope*area))
}

// events is how many lie between two moments of the stage, in seconds.
func (s Stage) events(from, to float64) float64 {
	if s.From == s.To {
		return s.From * (to - from)
	}
	return (to - from) * (s.From + s.slope()*(from+to)/2)
}

// area returns how many events a stage offers, (from + to)/2 · over, to more digits
// than a sum of a million stages needs.
func (s *Stage) area() *big.Float {
	exact := func(x float64) *big.Float { return new(big.Float).SetPrec(areaBits).SetFloat64(x) }
	area := exact(s.From)
	area.Add(area, exact(s.To)).Mul(area, exact(float64(s.Over)))
	return area.Quo(area, exact(2e9))
}

// areaBits is the precision of areas while they are summed up.
const areaBits = 256

// StageSpan is a stage of the load as its file gives it: where it lies and what it
// is called. Stages of no length have none.
type StageSpan struct {
	Name     string // as in load.stages[].name; its number from 1 where it has none
	From, To time.Duration
	Start    float64 // events per second at From
	End      float64 // events per second at To
}

// StageSpans lays the stages out one after another.
func StageSpans(stages []Stage, names map[int]string) []StageSpan {
	var all []StageSpan
	var at time.Duration
	for i, s := range stages {
		if s.Over > 0 {
			name := names[i]
			if name == "" {
				name = strconv.Itoa(i + 1)
			}
			all = append(all, StageSpan{Name: name, From: at, To: at + s.Over, Start: s.From, End: s.To})
		}
		at += s.Over
	}
	return all
}

// FindStageSpan returns the one that a threshold names: by its name, or by its
// number from 1, with or without the word stage before it.
func FindStageSpan(all []StageSpan, name string) (StageSpan, bool) {
	for _, s := range all {
		if s.Called(name) {
			return s, true
		}
	}
	return StageSpan{}, false
}

// Called says whether a threshold that names its stage so means this one.
func (s *StageSpan) Called(name string) bool { return s.Name == strings.TrimPrefix(name, "stage ") }
