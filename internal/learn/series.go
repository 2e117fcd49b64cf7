package learn

import (
	"math"
	"time"

	"rehearse/scenario/schedule"
)

// Bursts is how unevenly events fall on windows of one length.
type Bursts struct {
	WindowSeconds int64   `json:"window_s"`
	CV            float64 `json:"cv"` // standard deviation of the counts over their mean
	PeakToMean    float64 `json:"peak_to_mean"`
	Empty         float64 `json:"empty"` // share of the windows without an event
}

// stretch is a row and where it lies.
type stretch struct {
	row
	from   int64 // second since 1970
	joined bool  // of rows that differed: where in it events lie is not known
}

// stretches are all rows that have events, in the order of time.
func stretches(hours []*hour) (all []stretch) {
	for _, h := range hours {
		at := h.number * secondsOfHour
		for _, r := range h.rows {
			if r.events > 0 {
				all = append(all, stretch{r, at, h.joined})
			}
			at += r.seconds
		}
	}
	return all
}

// before splits the stretch at a second: what lies before it, and the rest.
func (s stretch) before(second int64) (part, rest stretch) {
	n := second - s.from
	part, rest = s, stretch{}
	if n >= s.seconds || s.joined {
		return part, rest
	}
	part.row = row{n, s.upTo(n)}
	return part, stretch{row{s.seconds - n, s.events - part.events}, second, false}
}

// series are the rows of the segments, one after the other.
func (s *segments) series(all []stretch) (rows []row) {
	for _, g := range s.all {
		at, end := g.start.Unix(), g.last.Unix()+1
		for len(all) > 0 && all[0].from < end {
			part, rest := all[0].before(end)
			all[0] = rest
			if rest.seconds == 0 {
				all = all[1:]
			}
			from := max(part.from, at)
			if from > at {
				rows = append(rows, row{from - at, 0})
			}
			at = max(min(part.from+part.seconds, end), from+1)
			rows = append(rows, row{at - from, part.events})
		}
		if at < end {
			rows = append(rows, row{end - at, 0})
		}
	}
	return rows
}

// quietest is the longest stretch without events, in seconds.
func quietest(rows []row) (longest int64) {
	run := int64(0)
	for _, r := range rows {
		run += r.seconds
		if r.events > 0 {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// maxRates is how many rates a drawing has at most, about.
const maxRates = 3600

// rates are the events of equal stretches, no more than a drawing can show, the last
// of them as long as is left.
func rates(rows []row) (counts []int64, width time.Duration) {
	span := int64(0)
	for _, r := range rows {
		span += r.seconds
	}
	wide := int64(0)
	for _, wide = range []int64{1, 2, 5, 10, 20, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 86400} {
		if span/wide <= maxRates {
			break
		}
	}
	wide *= max((span/wide+maxRates-1)/maxRates, 1)
	counts = make([]int64, (span+wide-1)/wide)
	at, done := int64(0), int64(0)
	for _, r := range rows {
		for done = 0; done < r.seconds; {
			part := min(r.seconds-done, wide-at%wide)
			counts[at/wide] += r.portion(done, done+part)
			at, done = at+part, done+part
		}
	}
	return counts, time.Duration(wide) * time.Second
}

// portion is how many events a row has from one of its seconds to another.
func (r row) portion(from, to int64) int64 { return r.upTo(to) - r.upTo(from) }

// upTo is how many events lie before a second of the row.
func (r row) upTo(second int64) int64 {
	return int64(math.Round(float64(r.events) * float64(second) / float64(r.seconds)))
}

// bursts tells how unevenly events fall on windows of the clock.
func (s *segments) bursts(hours []*hour, events int64) (all []Bursts) {
	for w, long := range windows {
		count, filled, squares, most := int64(0), int64(0), 0.0, int64(0)
		for _, g := range s.all {
			count += floorDiv(g.last.Unix(), long) - floorDiv(g.start.Unix(), long) + 1
		}
		for _, h := range hours {
			filled += h.known.windows[w].filled
			squares += h.known.windows[w].squares
			most = max(most, h.known.windows[w].most)
		}
		count = max(count, filled)
		mean := float64(events) / float64(count)
		variance := max(squares/float64(count)-mean*mean, 0)
		all = append(all, Bursts{long, math.Sqrt(variance) / mean, float64(most) / mean,
			1 - float64(filled)/float64(count)})
	}
	return all
}

// burstsOf tells how unevenly the events of rows fall on windows that begin with the
// first of them.
func burstsOf(rows []row, a schedule.Arrivals) (all []Bursts) {
	for _, long := range windows {
		w := schedule.NewWindows(time.Duration(long)*time.Second, a)
		for _, r := range rows {
			rate := float64(r.events) / float64(r.seconds)
			w.Add(schedule.Stage{From: rate, To: rate, Over: time.Duration(r.seconds) * time.Second})
		}
		b := w.Burstiness()
		all = append(all, Bursts{long, b.CV, b.Most / max(b.Mean, 1e-300), b.Empty})
	}
	return all
}
