package traffic

import (
	"bytes"
	"time"

	"rehearse/capture"
	"rehearse/internal/rng"
)

// spoil makes e wrong in the way that its mark says.
func (m *Model) spoil(e *capture.Event, i int64, plan *planned, p *Pen) {
	how := plan.mark
	switch how {
	case markNoID:
		e.DistinctID = nil
	case markIllegalID:
		p.ids = append(p.ids[:0], illegalIDs[i%int64(len(illegalIDs))]...)
		e.DistinctID = p.ids
	case markLongName:
		e.Name = longName
	case markOverSize:
		s := rng.NewStream(m.planner.seed^eventSalt, uint64(i))
		p.props = append(p.props[:len(p.props)-1], m.planner.mix.kinds[plan.kind].shape.excess...)
		p.props = m.prose.append(p.props, tooLarge, &s)
		p.props = append(p.props, `"}`...)
		e.Properties = p.props
	case markTimestamp:
		e.Timestamp = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
}

// tooLarge is what makes an event larger than one Kafka message.
const tooLarge = capture.MaxEvent

var (
	// illegalIDs are ids that the pipeline never merges (person-merge-service.ts).
	illegalIDs = [...]string{"undefined", "null", "anonymous", "guest", "[object Object]", "NaN", "none", "0", "true", "not_authenticated"}

	// longName is five times as long as the pipeline's column for names.
	longName = bytes.Repeat([]byte("name "), 200)
)

// Fault names what is wrong with event i on purpose, in the words of the
// scenario file; empty for a sound event.
func (m *Model) Fault(i int64, p *Pen) string { return m.plan(i, p).mark.fault() }

// Count is how many events of a kind a run holds.
type Count struct {
	What   string
	Events int64
}

// Counts tells what the run holds an exact number of: hot ids, new persons, and
// each fault but those of merges, which are a matter of chance.
func (m *Model) Counts() []Count {
	var all []Count
	for _, q := range m.planner.quotas {
		what := q.card.mark.fault()
		switch q.card.mark {
		case markHot:
			what = m.planner.people.hot[q.card.hot]
		case markJoin:
			what = "new persons"
		}
		all = append(all, Count{what, q.want})
	}
	return all
}
