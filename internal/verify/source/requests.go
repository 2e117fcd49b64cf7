package source

import (
	"iter"

	"github.com/tidwall/gjson"

	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
	"rehearse/internal/verify"
)

// requests reads events from requests that a staging endpoint recorded, as the
// endpoint reads them.
type requests struct {
	files   *fromFiles
	request recording.Request
	decoder recording.RequestDecoder
	events  []capture.Received               // of the last request, still to be told
	next    func() (*capture.Received, bool) // tells those of a request that has more than are kept; nil: it has not
	stop    func()
}

// openRequests begins to read the files as recorded requests.
func (f *fromFiles) openRequests() (verify.Reader, error) {
	f.open(nil)
	return &requests{files: f}, nil
}

// Close closes the files.
func (q *requests) Close() error {
	if q.next != nil {
		q.stop()
	}
	return q.files.records.Close()
}

// Next reads the next event.
func (q *requests) Next(r *verify.Row) error {
	*r = verify.Row{}
	e := q.event()
	for e == nil {
		text, cut, err := q.files.next()
		if err != nil {
			return err
		}
		if r.Unusable = q.open(text, cut); r.Unusable != "" {
			return nil
		}
		e = q.event()
	}
	r.UUID, r.Name, r.DistinctID, r.Properties, r.Time = e.UUID, e.Event, e.DistinctID, e.Properties, q.request.Time
	if r.UUID == (capture.UUID{}) {
		r.Unusable = verify.NoUUID
	}
	return nil
}

// event returns the next event of the last request; nil: it has no more.
func (q *requests) event() *capture.Received {
	if q.next != nil {
		e, more := q.next()
		if !more {
			q.next = nil
		}
		return e
	}
	if len(q.events) == 0 {
		return nil
	}
	e := &q.events[0]
	q.events = q.events[1:]
	return e
}

// open reads a request, or says why it has no events that were taken.
func (q *requests) open(text []byte, cut bool) verify.Unusable {
	if cut {
		return verify.TooLong
	}
	if reason := q.request.Parse(text); reason != "" {
		if reason == event.NotJSON {
			q.files.broken = true
			return verify.NotJSON
		}
		return verify.NotEvents
	}
	switch status := gjson.GetBytes(text, "status"); {
	case !status.Exists():
		q.files.untold++
	case status.Int() < 200 || status.Int() > 299:
		return verify.Refused
	}
	got, err := q.decoder.Decode(&q.request)
	if err != nil || len(got.Events) == 0 {
		return verify.NotEvents
	}
	if q.events = got.Events; got.Len() > len(got.Events) {
		q.next, q.stop = iter.Pull(got.All())
	}
	return ""
}

// notes say what the recording does not.
func (f *fromFiles) notes() []verify.Note {
	if f.untold == 0 {
		return nil
	}
	return []verify.Note{{Code: verify.NoteAnswers, Count: f.untold}}
}
