package learn

import (
	"io"
	"time"

	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// Read observes the recordings of r to their end, events or requests. There must
// be at least one event. What can be read only once is copied first: how it begins
// tells its format.
func Read(r *scenario.Replay, gap time.Duration) (*Profile, error) {
	files, remove, err := recording.Spool(r.Paths)
	if err != nil {
		return nil, err
	}
	defer remove()
	format, err := files.Detect(r)
	if err != nil {
		return nil, err
	}
	o := NewObserver(gap)
	if format == scenario.FormatCapture {
		return o.readRequests(files.OpenRequests(r))
	}
	reader, err := files.Open(r)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	for {
		e, err := reader.Next()
		if err == io.EOF {
			return o.Profile(reader.Counts())
		}
		if err != nil {
			return nil, err
		}
		o.Add(e)
	}
}

// readRequests observes the events of recorded requests, each at the time at which
// its request was received.
func (o *Observer) readRequests(requests *recording.Requests) (*Profile, error) {
	defer requests.Close()
	var q recording.Request
	var decoder recording.RequestDecoder
	for {
		err := requests.Next(&q, func(q *recording.Request) event.Reason { return o.addRequest(q, &decoder) })
		if err == io.EOF {
			return o.Profile(requests.Counts())
		}
		if err != nil {
			return nil, err
		}
	}
}

// addRequest takes in the events of a request, unless the endpoint would refuse it.
func (o *Observer) addRequest(q *recording.Request, decoder *recording.RequestDecoder) event.Reason {
	got, err := decoder.Decode(q)
	if err != nil {
		return event.Refused
	}
	for _, e := range got.Events {
		o.Add(&event.Event{Name: e.Event, DistinctID: e.DistinctID, Time: q.Time,
			UUID: e.UUID, Properties: e.Properties})
	}
	return ""
}
