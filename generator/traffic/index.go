package traffic

import (
	"encoding/binary"

	"rehearse/internal/capture"
	"rehearse/internal/rng"
)

// UUIDs finds events by their uuids. It is a value and may be copied.
type UUIDs struct {
	seed    uint64
	inverse rng.Inverse
	total   uint64
}

// UUIDs returns what finds the events of the run.
func (m *Model) UUIDs() UUIDs {
	seed := m.planner.seed ^ eventSalt
	return UUIDs{seed, rng.NewInverse(seed), uint64(m.planner.total)}
}

// Of is the uuid of event i, unless it was sent before under another.
func (x *UUIDs) Of(i int64) capture.UUID {
	s := rng.NewStream(x.seed, uint64(i))
	return drawUUID(&s)
}

// Index returns the number of the event that has a uuid; found is false if none of
// the run has. A uuid is two numbers of a stream of its own, so that the first gives
// the index back. Of the first, the four bits of the version are lost: each of
// sixteen is tried, and the second number tells whether it is the one. That a uuid of
// somebody else passes takes a chance of total/2^118.
func (x *UUIDs) Index(u capture.UUID) (i int64, found bool) {
	if u[6]>>4 != 4 || u[8]>>6 != 2 {
		return 0, false
	}
	high := binary.BigEndian.Uint64(u[:8]) &^ 0xf000
	for version := range uint64(16) {
		index := x.inverse.Index(high | version<<12)
		if index < x.total && x.Of(int64(index)) == u {
			return int64(index), true
		}
	}
	return 0, false
}

// Resends tells whether any event of the run is sent twice under one uuid.
func (m *Model) Resends() bool {
	for _, q := range m.planner.quotas {
		if q.assigns.trait == traitResent {
			return true
		}
	}
	return false
}

// Original is the number of the event whose uuid event i bears: its own, or of one
// that is sent again, that of the first time. The first time lies in the same block
// of BlockEvents.
func (m *Model) Original(i int64, w *Writer) int64 {
	plan := m.plan(i, w)
	if plan.trait != traitResent {
		return i
	}
	return i - i%blockEvents + int64(plan.via) - 1
}

// BlockEvents is how many consecutive events are planned together: events are
// written fastest block by block.
const BlockEvents = blockEvents
