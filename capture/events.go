package capture

import (
	"bytes"
	"iter"

	"rehearse/internal/jsonscan"
)

// maxKept is how many events of a request are kept as they were read, about 3 MB of
// them. Those beyond, of which a bomb may hold millions, are read anew whenever
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
