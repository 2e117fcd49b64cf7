package traffic

import (
	"rehearse/capture"
	"rehearse/internal/rng"
)

// EachKind writes a few events of every kind of the mix and shows each of them, with
// the share of all events that it stands for. They are as large as the properties
// make them, up to the median of the sizes that the scenario asks for. An event is
// valid until the next.
func (m *Model) EachKind(events int, show func(e *capture.Event, share float64)) {
	var p Pen
	for i := range m.planner.mix.kinds {
		k := &m.planner.mix.kinds[i]
		for n := range events {
			ink := ink{s: rng.NewStream(m.planner.seed^eventSalt, uint64(n)), seed: m.planner.seed}
			var e capture.Event
			p.ids = m.planner.people.appendID(p.ids[:0], 0)
			e.Name, e.DistinctID = k.name, p.ids
			p.props = p.props[:0]
			m.fillTo(m.sizes.median(), &e, k, &ink, &p)
			show(&e, m.planner.mix.shares[i]/float64(events))
		}
	}
}

// Larger is the share of the events that are asked to be larger than a size, in
// bytes; 0 where sizes are as the properties make them.
func (m *Model) Larger(size float64) float64 {
	larger := 0
	for _, q := range m.sizes.quantiles {
		if float64(q) > size {
			larger++
		}
	}
	return float64(larger) / float64(max(len(m.sizes.quantiles), 1))
}
