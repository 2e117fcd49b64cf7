package profile

import (
	"io"
	"time"

	"rehearse/capture"
	"rehearse/recording"
	"rehearse/scenario"
)

// Read observes the recordings of r to their end, events or requests. There must
// be at least one event.
func Read(r *scenario.Replay, gap time.Duration) (*Profile, error) {
	format, err := recording.Detect(r)
	if err != nil {
		return nil, err
	}
	o := NewObserver(gap)
	if format == scenario.FormatCapture {
		return o.readRequests(r)
	}
	reader, err := recording.Open(r)
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
func (o *Observer) readRequests(r *scenario.Replay) (*Profile, error) {
	requests, err := recording.OpenRequests(r)
	if err != nil {
		return nil, err
	}
	defer requests.Close()
	var q recording.Request
	var decoder capture.Decoder
	for {
		err := requests.Next(&q, func(q *recording.Request) recording.Reason { return o.addRequest(q, &decoder) })
		if err == io.EOF {
			return o.Profile(requests.Counts())
		}
		if err != nil {
			return nil, err
		}
	}
}

// addRequest takes in the events of a request, unless the endpoint would refuse it.
func (o *Observer) addRequest(q *recording.Request, decoder *capture.Decoder) recording.Reason {
	got, err := q.Decode(decoder)
	if err != nil {
		return recording.NotRequest
	}
	for _, e := range got.Events {
		o.Add(&recording.Event{Name: e.Event, DistinctID: e.DistinctID, Time: q.Time, UUID: e.UUID, Properties: e.Properties})
	}
	return ""
}
