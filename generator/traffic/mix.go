package traffic

import (
	"math"
	"math/bits"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// mix is which events there are and how often each occurs.
type mix struct {
	kinds  []eventKind
	keys   *hintKeys
	draw   weightedSampler
	shares []float64 // of each kind
	plain  uint16    // an ordinary kind, taken where a merge finds nothing to merge
}

// eventKind is one entry of the mix.
type eventKind struct {
	name       []byte
	stamped    uint32   // key of what stands behind the time
	head       constant // what an event begins with, behind its brace, up to the distinct_id
	merge      bool     // joins an id that has earlier events to the person
	server     bool     // never anonymous
	link       string   // the member that names the id it joins, up to its value
	person     bool     // acts on the person or a group: never personless
	properties properties
}

// newMix compiles the events of a scenario. Where all are merges, which no
// loader lets pass, the first stands for an ordinary one.
func newMix(t *scenario.Traffic) mix {
	m := mix{keys: newHintKeys()}
	var weights []float64
	sum := 0.0
	for _, s := range t.Events {
		k := eventKind{
			name: []byte(s.Name), merge: scenario.IsMerge(s.Name),
			server: s.From == scenario.FromServer, link: `,"` + pipeline.LinkProperty(s.Name) + `":"`,
			properties: propertiesOf(s, t.Groups, t.Client, m.keys),
		}
		head := `"event":` + quoted(s.Name) + `,"distinct_id":"`
		k.head = newConstant(draft{head, m.keys.mark(nil, 0, head)})
		k.stamped = m.keys.of("behind the time of " + s.Name)
		k.person = k.merge || s.Name == scenario.EventSet || s.Name == scenario.EventGroupIdentify
		if !k.merge {
			m.plain = uint16(len(m.kinds))
		}
		m.kinds = append(m.kinds, k)
		weights = append(weights, s.Weight)
		sum += s.Weight
	}
	m.draw = newWeightedSampler(weights)
	m.shares = weights
	for i := range weights {
		m.shares[i] /= sum
	}
	return m
}

// names is how many names events may have: of each kind, and one that is too long.
func (m *mix) names() int { return len(m.kinds) + 1 }

// merges is the share of the events that are merges.
func (m *mix) merges() (share float64) {
	for i, k := range m.kinds {
		if k.merge {
			share += m.shares[i]
		}
	}
	return share
}

// sizes draws how large an event should be, log-normal through two stated
// percentiles: a table of its quantiles makes a draw one look-up.
type sizes struct{ quantiles []int32 }

// newSizes prepares the draws; without percentiles every size is 0, which lets
// events be as large as they come.
func newSizes(s scenario.Sizes) sizes {
	if s.P50 == 0 {
		return sizes{}
	}
	const n = 1 << 12
	const z99 = 2.3263478740408408 // the standard normal's 99th percentile
	sigma := math.Log(float64(s.P99)/float64(s.P50)) / z99
	q := make([]int32, n)
	for i := range q {
		p := (float64(i) + 0.5) / n
		z := math.Sqrt2 * math.Erfinv(2*p-1)
		q[i] = int32(min(float64(s.P50)*math.Exp(sigma*z), maxSize))
	}
	return sizes{q}
}

// maxSize keeps an event that is bent upwards below what one Kafka message holds.
const maxSize = 900_000

// draw takes one size from s.
func (z *sizes) draw(s *rng.Stream) int {
	if z.quantiles == nil {
		return 0
	}
	return int(z.quantiles[s.Below(uint64(len(z.quantiles)))])
}

// median is the size that half of the draws stay below.
func (z *sizes) median() int {
	if z.quantiles == nil {
		return 0
	}
	return int(z.quantiles[len(z.quantiles)/2])
}

// filler is text to fill events up with. It compresses about as well as recorded
// properties do, which repeated letters would not.
type filler []byte

// newFiller writes n bytes of words.
func newFiller(n int) filler {
	s := rng.NewStream(0, 0)
	text := make(filler, 0, n+16)
	for len(text) < n {
		for range 1 + s.Below(3) {
			text = append(text, syllables[s.Below(uint64(len(syllables)))]...)
		}
		text = append(text, ' ')
	}
	return text[:n]
}

// append appends n bytes from a drawn place.
func (p filler) append(dst []byte, n int, s *rng.Stream) []byte {
	from := int(s.Below(uint64(len(p))))
	for n > 0 {
		m := min(n, len(p)-from)
		dst = append(dst, p[from:from+m]...)
		n, from = n-m, 0
	}
	return dst
}

// assignment says what an event is to be that is not an ordinary one. Assignments go
// to the events of a block in random order, and each kind comes as often as its share
// of the run's events says, to the event.
type assignment struct {
	trait trait
	hot   uint16 // index in the hot list, for traitHot
}

// trait says what is special about an event.
type trait uint8

const (
	traitNone   trait = iota
	traitHot          // of a hot id
	traitJoin         // the first of a person never seen before
	traitResent       // the event at via once more, uuid included
	traitCopied       // the event at via once more, with a uuid of its own
	traitNoID
	traitIllegalID
	traitLongName
	traitOverSize
	traitTimestamp
	traitEarly      // a merge before the event that it depends on
	traitReused     // a merge of an id that belongs to another already
	traitIdentified // a merge of one identified person into another, see planned.other
	traitWide       // a merge of the person of fan-in into another
)

// quota is how often an assignment comes in the whole run.
type quota struct {
	assigns assignment
	want    int64
}

// upTo is how many of the assignments lie among the first i of total events: an even
// share, rounded down.
func (q quota) upTo(i, total int64) int64 {
	high, low := bits.Mul64(uint64(q.want), uint64(i))
	n, _ := bits.Div64(high, low, uint64(total))
	return int64(n)
}

// quotasOf lists the assignments of a run of total events.
func quotasOf(t *scenario.Traffic, total int64) []quota {
	var all []quota
	add := func(c assignment, want float64) {
		if n := min(int64(math.Round(want)), total); n > 0 {
			all = append(all, quota{c, n})
		}
	}
	for i, h := range t.DistinctIDs.Hot {
		add(assignment{traitHot, uint16(i)}, h.Part(total)*float64(total))
	}
	add(assignment{trait: traitJoin}, t.DistinctIDs.Growth*float64(total))
	add(assignment{trait: traitResent}, t.Faults.Duplicates*float64(total))
	add(assignment{trait: traitCopied}, t.Faults.Copies*float64(total))
	for _, f := range t.Faults.Invalid {
		add(assignment{trait: traitOf(f.Kind)}, f.Share*float64(total))
	}
	return all
}

// traitOf is the trait of events that are invalid in this way.
func traitOf(kind scenario.Invalid) trait {
	switch kind {
	case scenario.InvalidNoID:
		return traitNoID
	case scenario.InvalidIllegalID:
		return traitIllegalID
	case scenario.InvalidLongName:
		return traitLongName
	case scenario.InvalidOverSize:
		return traitOverSize
	}
	return traitTimestamp
}

// Faults are the names of what may be wrong with an event on purpose, as Fault
// tells them.
func (m trait) fault() string {
	switch m {
	case traitResent:
		return "duplicate"
	case traitCopied:
		return "copy"
	case traitNoID:
		return string(scenario.InvalidNoID)
	case traitIllegalID:
		return string(scenario.InvalidIllegalID)
	case traitLongName:
		return string(scenario.InvalidLongName)
	case traitOverSize:
		return string(scenario.InvalidOverSize)
	case traitTimestamp:
		return string(scenario.InvalidTimestamp)
	case traitEarly:
		return "merge_out_of_order"
	case traitReused:
		return "reused_id"
	case traitIdentified:
		return "identified_person"
	case traitWide:
		return "wide_person"
	}
	return ""
}
