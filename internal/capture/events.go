package capture

import (
	"bytes"
	"iter"
	"slices"
	"time"

	"rehearse/internal/jsonscan"
)

// Received is one event as the endpoint understood it. Its slices alias the
// request or the buffers of the Decoder: they are good until its next Decode.
type Received struct {
	Event      []byte // the name, unescaped
	DistinctID []byte // as ingested, see MaxDistinctID
	UUID       UUID   // zero: the client sent none
	Timestamp  []byte // unescaped and not parsed, nil: the client sent none
	Properties []byte // the raw JSON object, nil: the client sent none
	Raw        []byte // the whole event as raw JSON

	Cookieless bool // $cookieless_mode: its partition follows from the address
	Internal   bool // capture_internal: its address is not kept
	Heatmap    bool // it carries what the service makes an event of its own of

	hasUUID      bool
	ignoreSentAt bool
	clientOffset
}

// clientOffset is how long before its arrival an event says that it happened.
type clientOffset struct {
	hasOffset bool
	offset    int64 // milliseconds
}

// Submission is what a request submits. It belongs to the Decoder and is good
// until its next Decode.
type Submission struct {
	Token      []byte
	Events     []Received    // those that were taken, the first 16,384 of them: see All
	Filtered   int           // $performance_event, which the service drops with a 200
	Dropped    int           // those that a rule of the deployment drops with a 200
	Discarded  Discard       // why none was taken, though the answer is 200
	Results    []EventResult // v1: what is said of each event, in their order
	Historical bool
	Beacon     bool      // the answer is 204 without a body
	SentAt     time.Time // zero: not said, or not understood
	Bytes      int       // length of the JSON text

	remainder
}

// remainder is what stands behind the events of a submission that are kept.
type remainder struct {
	count int       // how many All yields
	list  eventList // where those are read from that Events has no room for
	drops func(e *Received) bool
}

// Len returns how many events were taken.
func (s *Submission) Len() int { return max(s.count, len(s.Events)) }

// All yields the events that were taken. Those that Events does not hold are good
// until the next one.
func (s *Submission) All() iter.Seq[*Received] {
	return func(yield func(*Received) bool) {
		for i := range s.Events {
			if !yield(&s.Events[i]) {
				return
			}
		}
		left := s.count - len(s.Events)
		if left <= 0 {
			return
		}
		for e := range s.list.beyond() {
			if s.drops != nil && s.drops(e) {
				continue
			}
			left--
			if !yield(e) || left == 0 {
				return
			}
		}
	}
}

// Cut keeps the first n of the events that were taken, and returns how many it
// keeps.
func (s *Submission) Cut(n int) int {
	s.count = min(n, s.Len())
	s.Events = s.Events[:min(s.count, len(s.Events))]
	return s.count
}

// leaveOut takes the events out that are dropped.
func (s *Submission) leaveOut() {
	before := s.count
	s.Events = slices.DeleteFunc(s.Events, func(e Received) bool { return s.drops(&e) })
	s.count = len(s.Events)
	for e := range s.list.beyond() {
		if !s.drops(e) {
			s.count++
		}
	}
	s.Dropped = before - s.count
}

// maxKept is how many events of a request are kept as they were read, about 3 MB of
// them. Those beyond, of which a bomb may hold millions, are read again whenever
// they are asked for.
const maxKept = 16 << 10

// eventList is what a list of events comes to while it is read. It notes all that
// has to be known of them together.
type eventList struct {
	generation Generation

	kept     []Received       // the first of those that are not filtered
	rest     *jsonscan.Cursor // where those begin that are not kept; nil: there are none
	count    int              // of all of them
	filtered int              // $performance_event, which the service drops with a 200
	sound    bool             // each is an event
	largest  int              // length of the longest, in bytes of JSON

	token  []byte // the one that they name
	tokens int    // how many different ones they name: 0, 1 or more
	wrong  *Refusal
}

func (l *eventList) reset() {
	*l = eventList{generation: l.generation, kept: l.kept[:0], sound: true}
}

// read consumes an array, and takes each element for an event.
func (l *eventList) read(c *jsonscan.Cursor) {
	for c.Enter(); c.More(); {
		if !l.sound {
			c.Value()
			l.count++
			continue
		}
		if len(l.kept) == maxKept && l.rest == nil {
			c.Kind()
			rest := *c
			l.rest = &rest
		}
		e := parseEvent(c)
		l.sound = e.isEvent(l.generation)
		l.add(&e)
	}
}

// add takes up an event, unless the list has come to nothing.
func (l *eventList) add(e *parsedEvent) {
	l.count++
	if !l.sound {
		return
	}
	if l.filters(e) {
		l.filtered++
		return
	}
	l.largest = max(l.largest, len(e.Raw))
	l.agree(firstOf(e.token, e.innerToken))
	if l.wrong == nil {
		l.wrong = e.identify(l.generation)
	}
	if l.wrong == nil && l.rest == nil {
		l.kept = append(l.kept, e.Received)
	}
}

// filters reports whether the service drops an event before it looks at it.
func (l *eventList) filters(e *parsedEvent) bool {
	return l.generation == Current && IsFiltered(e.Event)
}

// IsFiltered reports whether the service of today answers an event of this name with 200
// and drops it.
func IsFiltered(name []byte) bool { return string(name) == "$performance_event" }

// agree notes the token that an event names at its top level or else in its
// properties. Those that name none do not matter, as long as one does.
func (l *eventList) agree(token []byte) {
	switch {
	case token == nil || l.tokens == 1 && bytes.Equal(token, l.token):
	default:
		l.token = token
		l.tokens++
	}
}

// common returns the one token that the events name.
func (l *eventList) common() ([]byte, *Refusal) {
	switch l.tokens {
	case 0:
		return nil, refuse(401, textNoToken)
	case 1:
		return l.token, nil
	}
	return nil, refuse(401, textManyTokens)
}

// isEvent reports whether serde takes the value for an event.
func (e *parsedEvent) isEvent(g Generation) bool { return e.named && e.isNameless(g) }

// isNameless reports whether serde takes the value for an event, its name aside.
func (e *parsedEvent) isNameless(g Generation) bool {
	return e.sound && !(e.emptyUUID && g == Generation2024)
}

// identify settles the id of the event, or returns why it has none.
func (e *parsedEvent) identify(g Generation) (refusal *Refusal) {
	if len(e.Event) == 0 {
		return refuse(400, textNoName)
	}
	id := firstOf(e.id, e.innerID)
	if g == Generation2024 {
		e.DistinctID, refusal = distinctID2024(id)
		return refusal
	}
	if e.DistinctID, refusal = distinctID(id); refusal == nil && e.badCookieless {
		return refuse(400, textCookieless)
	}
	return refusal
}

func firstOf(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// beyond yields the events that are not kept. Each is good until the next one.
func (l *eventList) beyond() iter.Seq[*Received] {
	return func(yield func(*Received) bool) {
		if l.rest == nil {
			return
		}
		for c := *l.rest; c.More(); {
			e := parseEvent(&c)
			if l.filters(&e) {
				continue
			}
			if e.identify(l.generation); !yield(&e.Received) {
				return
			}
		}
	}
}

// CutBatch appends a body to dst that carries only those events of the body
// plain which keep names by their place: what a client sends again when some of
// its events were returned. What stands around the events is kept. A body that
// has no batch, and is no list of events, is appended as it is.
func CutBatch(dst, plain []byte, keep func(i int) bool) []byte {
	c := jsonscan.New(plain)
	switch c.Kind() {
	case '[':
		return cutList(dst, c, plain, keep)
	case '{':
		for c.Enter(); c.More(); {
			if string(c.Key()) == "batch" && c.Kind() == '[' {
				return cutList(dst, c, plain, keep)
			}
			c.Value()
		}
	}
	return append(dst, plain...)
}

// cutList appends the text plain, over which c walks, but of the list that c stands before only the
// items that keep names.
func cutList(dst []byte, c *jsonscan.Cursor, plain []byte, keep func(i int) bool) []byte {
	dst = append(append(dst, plain[:c.Offset()]...), '[')
	first := true
	c.Enter()
	for i := 0; c.More(); i++ {
		event := c.Value()
		if !keep(i) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, event...), false
	}
	return append(append(dst, ']'), plain[c.Offset():]...)
}
