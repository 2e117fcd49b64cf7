package traffic

import (
	"math"
	"sort"
	"time"

	"rehearse/internal/rng"
	"rehearse/scenario"
)

// timestamper gives events their timestamps.
type timestamper struct {
	scenario.Timestamps
	seed  uint64
	total float64
	week  []float64 // weight of the hours before each of the 168 of a week; the last entry is the whole
	begin float64   // weight between the Monday before the range and its start
	span  float64   // weight of the range
}

// newTimestamper prepares the timestamps of a run of total events.
func newTimestamper(t *scenario.Traffic, total int64) timestamper {
	c := timestamper{Timestamps: t.Timestamps, seed: t.Seed, total: float64(total)}
	if c.Day == 0 && c.Weekend == 0 {
		return c
	}
	c.week = make([]float64, 1, hoursAWeek+1)
	for h := range hoursAWeek {
		c.week = append(c.week, c.week[h]+c.weight(h))
	}
	c.begin = c.weightUntil(c.From)
	c.span = c.weightUntil(c.To) - c.begin
	return c
}

const (
	hoursAWeek = 7 * 24
	aWeek      = hoursAWeek * time.Hour
	busiest    = 15 // the hour of the day with the highest rate
)

// weight is how busy an hour of the week is, which begins on Monday: a cosine
// over the day, and less on the last two days.
func (c *timestamper) weight(hour int) float64 {
	w := 1 - c.Day*(1-math.Cos(2*math.Pi*float64(hour%24-busiest)/24))/2
	if hour/24 >= 5 {
		w *= 1 - c.Weekend
	}
	return max(w, 1e-6) // an hour without any event could not be walked through
}

// monday is the beginning of a week in the zone of the scenario.
func (c *timestamper) monday() time.Time {
	return time.Date(1970, 1, 5, 0, 0, 0, 0, time.UTC).Add(-c.Zone)
}

// weightUntil is the weight from a fixed Monday to t.
func (c *timestamper) weightUntil(t time.Time) float64 {
	seconds := float64(t.Unix() - c.monday().Unix())
	weeks := math.Floor(seconds / aWeek.Seconds())
	hour := (seconds - weeks*aWeek.Seconds()) / 3600
	h := min(int(hour), hoursAWeek-1)
	return weeks*c.week[hoursAWeek] + c.week[h] + (hour-float64(h))*(c.week[h+1]-c.week[h])
}

// when undoes weightUntil.
func (c *timestamper) when(weight float64) time.Time {
	whole := c.week[hoursAWeek]
	weeks := math.Floor(weight / whole)
	rest := weight - weeks*whole
	h := min(sort.SearchFloat64s(c.week[1:], rest), hoursAWeek-1)
	hour := float64(h) + (rest-c.week[h])/(c.week[h+1]-c.week[h])
	days := c.monday().AddDate(0, 0, 7*int(weeks))
	return days.Add(time.Duration(hour * float64(time.Hour)))
}

// shown is at as it stands in an event, to the millisecond. Where events have the time of
// sending, it asks when one is due for a group of them at a time: at high rates all of a
// group are due within the same millisecond.
func (c *timestamper) shown(i int64, who person, p *Writer) time.Time {
	if !c.Now || c.Disorder > 0 || c.ClockSkew > 0 {
		return c.at(i, who, p)
	}
	d := &p.dues
	if i >= d.from && i < d.to {
		return d.at
	}
	at := c.at(i, who, p)
	if i >= d.from && i < d.next {
		return at
	}
	end := min(i|(dueGroup-1)+1, int64(c.total))
	d.from, d.to, d.next, d.at = i, i, end, at
	if c.at(end-1, who, p).UnixMilli() == at.UnixMilli() {
		d.to = end
	}
	return at
}

// dues are events that follow one another and have the same time, to the millisecond.
type dues struct {
	at       time.Time
	from, to int64
	next     int64 // up to which it is not worth a try
}

// dueGroup is how many events there are in a group that is looked at together.
const dueGroup = 16

// at is the time that event i of a person has.
func (c *timestamper) at(i int64, who person, p *Writer) time.Time {
	var t time.Time
	switch place := float64(i) / c.total; {
	case c.Now:
		t = p.Start.Add(p.Due(i))
	case c.week != nil:
		if t = c.when(c.begin + place*c.span); t.Before(c.From) { // by a rounding
			t = c.From
		}
	default:
		t = c.From.Add(time.Duration(float64(c.To.Sub(c.From)) * place))
	}
	if c.Disorder > 0 {
		s := rng.NewStream(c.seed^clockSalt, uint64(i))
		t = t.Add(-time.Duration(s.Below(uint64(c.Disorder) + 1)))
	}
	if c.ClockSkew > 0 {
		s := rng.NewStream(c.seed^deviceSalt^clockSalt, uint64(who))
		t = t.Add(time.Duration(s.Normal() * float64(c.ClockSkew)))
	}
	return t
}
