package storage

import "time"

// Calendar counts the months that the events of a run touch, minute by minute. The zero
// value has seen nothing.
type Calendar struct {
	all, minute map[int]struct{} // months
	at          int64            // the minute of the run
	months      Months
	latest      time.Time // of the events' times
}

// month numbers the months.
func month(t time.Time) int {
	year, m, _ := t.UTC().Date()
	return year*12 + int(m)
}

// See counts an event that is due in the run and bears a time.
func (c *Calendar) See(due time.Duration, at time.Time) {
	if c.all == nil {
		c.all, c.minute = map[int]struct{}{}, map[int]struct{}{}
	}
	if minute := int64(due / time.Minute); minute != c.at {
		c.at = minute
		clear(c.minute)
	}
	m := month(at)
	c.all[m], c.minute[m] = struct{}{}, struct{}{}
	c.months.AMinute = max(c.months.AMinute, len(c.minute))
	if late := c.latest.Sub(at).Seconds(); late > c.months.Behind {
		c.months.Behind = late
	}
	if at.After(c.latest) {
		c.latest = at
	}
}

// Months is what was counted of a run of a length. In order, each minute would have its part
// of the months, and a month may end in it.
func (c *Calendar) Months(span time.Duration) Months {
	m := c.months
	m.All = len(c.all)
	m.Sorted = inOrder(m.All, span)
	return m
}

// inOrder is how many months a minute touches at most if events come in the order of their
// times.
func inOrder(all int, span time.Duration) int {
	minutes := max(span.Minutes(), 1)
	return min(all, int(float64(all)/minutes)+2)
}

// Walk works the same out for events whose times are walked through: stamp is the time at a
// moment of the run, and an event lies up to disorder before it. A minute has so many events
// at most.
func Walk(span, disorder time.Duration, stamp func(time.Duration) time.Time, events float64) (m Months) {
	const looks = 1000
	step := max(span/looks, time.Second)
	first, last := stamp(0), stamp(span)
	m.All = month(last) - month(first.Add(-disorder)) + 1
	m.Behind = disorder.Seconds()
	for at := time.Duration(0); at <= span; at += step {
		until := stamp(min(at+time.Minute, span))
		m.AMinute = max(m.AMinute, month(until)-month(stamp(at).Add(-disorder))+1)
	}
	m.Sorted = inOrder(m.All, span)
	m.AMinute = min(m.AMinute, max(int(events), 1), m.All)
	return m
}
