package recording

import (
	"bytes"

	"github.com/zeebo/xxh3"

	"rehearse/capture/pipeline"
)

// aliases puts in the events that join the ids of a person where lines name two of
// them, each pair once: an $identify, as the Amplitude migration does it.
type aliases struct {
	pairs Recent
	event Event
}

// before returns the event that belongs before e, nil if there is none. It is good
// until the next call. Asked again about the same event, it returns nil.
func (a *aliases) before(e *Event) *Event {
	if len(e.former) == 0 || bytes.Equal(e.former, e.DistinctID) || pipeline.Illegal(e.former) {
		return nil
	}
	pair := xxh3.Hash128Seed(e.former, xxh3.Hash(e.DistinctID))
	if a.pairs.Seen(pair.Hi) {
		return nil
	}
	a.event.reset()
	a.event.rename(Identify)
	a.event.setPlainID(e.DistinctID)
	a.event.Time, a.event.UUID = e.Time, derive(pair)
	a.event.open()
	a.event.putString(anonymousID, e.former)
	a.event.close()
	return &a.event
}
