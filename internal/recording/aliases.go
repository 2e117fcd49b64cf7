package recording

import (
	"bytes"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/recording/event"
)

// aliases puts in the events that join the ids of a person where lines name two of
// them, each pair once: an $identify, as the Amplitude migration does it.
type aliases struct {
	pairs Recent
	event event.Event
}

// before returns the event that belongs before e, nil if there is none. It is good
// until the next call. Asked again about the same event, it returns nil.
func (a *aliases) before(e *event.Event) *event.Event {
	if len(e.Former) == 0 || bytes.Equal(e.Former, e.DistinctID) || pipeline.Illegal(e.Former) {
		return nil
	}
	pair := xxh3.Hash128Seed(e.Former, xxh3.Hash(e.DistinctID))
	if a.pairs.Seen(pair.Hi) {
		return nil
	}
	a.event.Reset()
	a.event.Rename(event.Identify)
	a.event.SetPlainID(e.DistinctID)
	a.event.Time, a.event.UUID = e.Time, event.Derive(pair)
	a.event.Open()
	a.event.PutString(event.AnonymousID, e.Former)
	a.event.Close()
	return &a.event
}
