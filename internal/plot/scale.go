package plot

import "math"

// Axis maps values to places in a picture.
type Axis struct {
	Low, High float64 // values
	From, To  float64 // their places
	Log       bool    // equal distances are equal ratios
}

// At is the place of a value; values outside lie on the edge.
func (a Axis) At(v float64) float64 {
	low, high := a.Low, a.High
	if a.Log {
		v, low, high = math.Log10(math.Max(v, low)), math.Log10(low), math.Log10(high)
	}
	share := 0.0
	if high > low {
		share = math.Min(math.Max((v-low)/(high-low), 0), 1)
	}
	return a.From + share*(a.To-a.From)
}

// TimeTicks are round times from one to another, in seconds: at most seven.
func TimeTicks(from, to float64) (ticks []float64) {
	const most = 6
	step, span := 0.1, to-from
	for _, s := range []float64{
		0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
	} {
		if span/step > most {
			step = s
		}
	}
	for span/step > most {
		step *= 2
	}
	for t := math.Ceil(from/step) * step; t <= to; t += step {
		ticks = append(ticks, t)
	}
	return ticks
}

// LogTicks are the powers of ten around two values, which must be above 0, or 1, 2 and
// 5 times them where they are few. The first and the last bound the axis.
func LogTicks(low, high float64) (ticks []float64) {
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high)+1e-9)
	steps := []float64{1}
	if last-first <= 2 {
		steps = []float64{1, 2, 5}
	}
	top := math.Pow(10, last)
	for e := first; e <= last; e++ {
		for _, s := range steps {
			if v := s * math.Pow(10, e); v <= top*1.001 {
				ticks = append(ticks, v)
			}
		}
	}
	return ticks
}

// CountTicks are round numbers from 0 to at least high, six at most. What is counted
// is whole, and so are they from 1 on; rates below that are not.
func CountTicks(high float64) (ticks []float64) {
	step := math.Pow(10, math.Floor(math.Log10(math.Max(high, 1e-3))))
	for _, s := range []float64{0.2, 0.25, 0.5, 1, 2} {
		if high >= 1 && step*s != math.Trunc(step*s) {
			continue
		}
		if high/(step*s) <= 5 {
			step *= s
			break
		}
	}
	top := math.Max(step*math.Ceil(high/step), step)
	for v := 0.0; v <= top*1.001; v += step {
		ticks = append(ticks, v)
	}
	return ticks
}
