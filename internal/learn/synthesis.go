package learn

import (
	"math"
	"slices"
	"time"

	"rehearse/scenario/schedule"
)

// synthesize finds what synthesizes ids like those of r; joins is how many of the
// events of each of the busiest ids join persons.
func (p *Profile) synthesize(r ranking, joins []int64) {
	hot, reused := p.makeRoom(r.top(min(hotRanks, int(p.DistinctIDs)-1)), joins)
	anonymous := int64(math.Round((1 - reused) * float64(p.Merges.Events)))
	rest := r.after(len(hot)).withoutQuiet(anonymous)
	ranks := rest.groups()
	if reused > 0 && len(ranks) == 1 && ranks[0].IDs == 1 { // Somebody else must be there to have an id already.
		ranks = []RankGroup{{2, max(ranks[0].Events/2, 1)}}
	}
	shown := append(newRanking(slices.Clone(hot), 1).withoutNone(), rounded(ranks)...).sorted().with(anonymous)
	ids, _ := shown.totals()
	count, _ := rest.totals()
	p.Synthesis = Synthesis{
		Crowd: crowd{max(count, 1), rest.skew()}, Ranks: ranks, Hot: hot, Reused: reused, Skew: shown.skew(), IDs: ids,
		Shares: shown.shares(),
	}
}

// makeRoom fits the hot ids, the duplicates and the merges into one scenario. There,
// a duplicate or a merge is never of a hot id, and each merge needs an event by an
// anonymous id that it ends, unless that id was joined before. Where recorded hot ids leave no room for that, their own
// merges are not counted as theirs, then merges that say again what is known are
// taken for such that name a new id, and at last the least of the hot ids are
// listed by rank like the others.
func (p *Profile) makeRoom(top, joins []int64) (hot []int64, reused float64) {
	hot, reused = top, p.Merges.Reused
	if sum(hot) <= p.room(reused) {
		return hot, reused
	}
	hot = make([]int64, len(top))
	for i, n := range top {
		hot[i] = max(n-joins[i], 0)
	}
	if sum(hot) <= p.room(reused) {
		return hot, reused
	}
	if merges := float64(p.Merges.Events); merges > 0 {
		reused = max(reused, 1-float64(p.Merges.Fresh)/merges)
		if room := p.room(reused); room < 0 { // More merges than other events: they share what there is.
			reused = min(reused-float64(room)/merges, 1)
		}
		reused = math.Ceil(1e8*reused) / 1e8 // as it will be written, and not less
	}
	for room := max(p.room(reused), 0); sum(hot) > room; {
		hot = hot[:len(hot)-1]
	}
	return hot, reused
}

// room is how many events hot ids may have.
func (p *Profile) room(reused float64) int64 {
	merges := float64(p.Merges.Events)
	return p.Events - p.copies() - int64(math.Ceil(merges+merges*(1-reused))) - 1
}

// copies is how many of the duplicates are synthesized: those of merges are not, and
// as many other events must be left to be copied.
func (p *Profile) copies() int64 { return min(p.Duplicates, (p.Events-p.Merges.Events)/2) }

// sum adds up counts.
func sum(counts []int64) (all int64) {
	for _, n := range counts {
		all += n
	}
	return all
}

// disorder is by how much times must lie before their places, each by anything up to
// it, for as large a share of the events to be older than the one before as was
// observed, but by no more than the worst. Duplicates, which have the time of the
// first, are older anyway.
func (p *Profile) disorder() time.Duration {
	older := float64(max(p.Disorder.Backward-p.Duplicates, 0))
	if older == 0 || p.Disorder.NewestFirst {
		return 0
	}
	low, high := 0.0, p.Disorder.WorstSeconds
	for range 40 {
		if middle := (low + high) / 2; p.older(middle) < older {
			low = middle
		} else {
			high = middle
		}
	}
	return max(time.Duration(high*float64(time.Second)).Truncate(time.Millisecond), time.Millisecond)
}

// older is how many events are older than the one before, if each lies up to so many
// seconds before its place, at the observed rates. Of two neighbours, Δ apart, with
// delays that are uniform up to D, the second is the older one with probability
// (1-Δ/D)²/2.
func (p *Profile) older(seconds float64) (events float64) {
	for _, n := range p.rates {
		if x := 1 - p.width.Seconds()/float64(n)/seconds; n > 0 && x > 0 {
			events += float64(n) * x * x / 2
		}
	}
	return events
}

// Rates is how the synthesis follows the recorded rates.
type Rates struct {
	Arrivals schedule.Arrivals `json:"arrivals"`
	Bursts   []Bursts          `json:"bursts"` // as it is expected to show them
}

// fitRates chooses the arrivals that come nearer to the bursts that were observed:
// even ones, or random ones where the rows are too long to hold what is in them.
func (p *Profile) fitRates() {
	p.Synthesis.Rates = Rates{Arrivals: schedule.Even}
	if len(p.rows) == 0 {
		return
	}
	even := Rates{schedule.Even, burstsOf(p.rows, schedule.Even)}
	random := Rates{schedule.Poisson, burstsOf(p.rows, schedule.Poisson)}
	p.Synthesis.Rates = even
	if p.off(random) < p.off(even)-littleOff {
		p.Synthesis.Rates = random
	}
}

// littleOff is how much nearer random arrivals must come, as a logarithm.
const littleOff = 0.02

// off is how far the coefficient of variation by the second is from what was observed,
// as a logarithm.
func (p *Profile) off(r Rates) float64 {
	const least = 1e-3
	return math.Abs(math.Log(max(r.Bursts[0].CV, least) / max(p.Bursts[0].CV, least)))
}
