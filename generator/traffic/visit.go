package traffic

import (
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// window is how many visits go on at the same time. It bounds how far apart a
// merge and its anonymous events usually lie.
const window = 1024

// visit is a stretch of events of one person, with those of others in between.
// What came before its merge is anonymous; what comes after is the person's.
type visit struct {
	who       person
	first     uint16 // place of its first event, or another name of its anonymous id (see planned.anon)
	latest    uint16
	open      bool   // may end in a merge
	anonymous bool   // its events are anonymous as they come
	due       uint16 // the merge, counted from 1, that ends its anonymous part; 0: not known beforehand
}

// rules are what visits are drawn from.
type rules struct {
	goOn      float64 // probability that a visitor's event belongs to a visit that goes on
	anonymous float64 // share of the visits that begin anonymous; 0: whichever a merge picks
	merges    scenario.Merges
	varied    bool  // merges differ at all
	lasts     int64 // how many events after its first the last of a visit lies, about
	early     float64
}

// newRules prepares the draws that t describes.
func newRules(t *scenario.Traffic) rules {
	return rules{
		goOn:      1 - 1/t.Visits.Events,
		anonymous: t.Visits.Anonymous,
		merges:    t.Merges,
		varied:    t.Merges.Chains+t.Merges.FanIn+t.Merges.Reused > 0,
		early:     t.Faults.EarlyMerges,
	}
}

// allow allows for the visits that begin whatever the rules say: those of persons
// who join, and those that wait for their merge. Of all visits there are to be no
// more than their mean length asks for. All three are shares of the events; visits
// are made of room and joining together.
func (r *rules) allow(room, joining, waiting float64) {
	begun, visiting := joining+waiting, room+joining
	if begun == 0 {
		return
	}
	all := visiting * (1 - r.goOn)
	if r.goOn > 0 {
		// It leaves the window when so many have begun, and has no further event
		// as often as it does not go on.
		r.lasts = int64(min(r.goOn*window/all, blockEvents))
		r.goOn = min(max(1-(all-begun)/max(visiting-begun, 1e-300), 0), 1)
	}
	if r.anonymous > 0 && waiting > 0 {
		r.anonymous = min(max((r.anonymous*all-waiting)/max(all-waiting, 1e-300), 1e-9), 1)
	}
}

// visits are those that go on.
type visits struct {
	all    []visit
	before []uint16 // by place - 1: the place of the event before, of the same visit
}

// begin adds a visit. Where there are enough, one ends for it.
func (v *visits) begin(n visit, s *rng.Stream) {
	v.before[n.latest-1] = 0
	if len(v.all) < window {
		v.all = append(v.all, n)
		return
	}
	v.all[s.Below(window)] = n
}

// any returns one of the visits, nil if there are none.
func (v *visits) any(s *rng.Stream) *visit {
	if len(v.all) == 0 {
		return nil
	}
	return &v.all[s.Below(uint64(len(v.all)))]
}

// pick returns the index of a visit that a merge may end, -1 if there is none.
func (v *visits) pick(s *rng.Stream) int {
	n := len(v.all)
	from := int(s.Below(uint64(n)))
	for k := range n {
		if i := (from + k) % n; v.all[i].open {
			return i
		}
	}
	return -1
}

// close lets a visit that was identified go on as the person, or end.
func (v *visits) close(i int, goesOn bool) {
	if goesOn {
		v.all[i].open, v.all[i].anonymous = false, false
		return
	}
	last := len(v.all) - 1
	v.all[i] = v.all[last]
	v.all = v.all[:last]
}
