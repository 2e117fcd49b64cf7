package traffic

import (
	"slices"

	"rehearse/internal/capture"
	"rehearse/internal/deflate"
	"rehearse/internal/rng"
)

// Append appends event i as it is sent, from behind its opening brace to its closing
// one: what capture.AppendMembers makes of what Write writes. It renders into dst what
// Write first gathers in buffers of its own. Of e it fills in Name and UUID.
func (m *Model) Append(dst []byte, e *capture.Event, i int64, p *Writer) []byte {
	plan := m.plan(i, p)
	p.Fault = plan.trait.fault()
	switch plan.trait {
	case traitNoID, traitIllegalID, traitLongName, traitOverSize, traitTimestamp:
		m.Write(e, i, p)
		return capture.AppendMembers(dst, e)
	case traitResent, traitCopied:
		original := int(plan.via) - 1
		at := i - i%blockEvents + int64(original)
		if plan.trait == traitCopied {
			return m.render(dst, e, at, i, &p.block.events[original], p)
		}
		return m.render(dst, e, at, at, &p.block.events[original], p)
	}
	return m.render(dst, e, i, i, plan, p)
}

// render appends event i with the uuid of another, which is i but of a copy.
func (m *Model) render(dst []byte, e *capture.Event, i, uuid int64, plan *planned, p *Writer) []byte {
	k := &m.planner.mix.kinds[plan.kind]
	var values valueRNG
	m.startValues(&values, i, plan)
	high, low := drawUUID(&values.s)
	if uuid != i {
		s := m.planner.values.Stream(uint64(uuid))
		high, low = drawUUID(&s)
	}
	e.Name = k.name
	e.UUID.SetWords(high, low)
	at := m.timestamps.shown(moment(i, plan, k.merge), plan.who, p)

	dst = slices.Grow(dst, len(k.head.text)+stride)
	values.hints = p.Hints
	dst = k.head.put(dst, p.Hints)
	dst, id := m.appendDistinctID(dst, plan, k, p)
	p.Hints.middle(len(dst), k)
	dst = p.clock.AppendMiddle(dst, high, low, at)
	base := len(dst)
	if k.merge && plan.anon != 0 {
		p.Hints.repeat(base, keyLink)
		p.Hints.recent(base+len(k.link), uint64(p.block.anonymous(plan.anon))^anonSalt)
		dst = m.appendLink(dst, k, p.block.anonymous(plan.anon))
	}
	if plan.ofPersons() {
		p.Hints.repeat(base, keyLink)
		p.Hints.recent(base+len(k.link), uint64(plan.other))
		dst = m.appendLinkTo(dst, k, plan.other)
	}
	return append(m.fill(dst, base, len(k.name)+id, k, &values), '}')
}

// appendDistinctID appends the distinct_id of a planned event as it stands between
// quotes, and tells how long it is without escapes.
func (m *Model) appendDistinctID(dst []byte, plan *planned, k *eventKind, p *Writer) (longer []byte, length int) {
	before := len(dst)
	people := &m.planner.people
	switch number, anonymous := p.block.alias(plan, k.merge); {
	case anonymous:
		p.Hints.recent(before, uint64(number)^anonSalt)
		dst = m.appendAnonymous(dst, number)
	case plan.who.hot():
		p.Hints.recent(before, uint64(plan.who))
		hot := plan.who &^ hotBit
		return append(dst, people.quoted[hot]...), len(people.hot[hot])
	default:
		p.Hints.recent(before, uint64(plan.who))
		dst = people.appendID(dst, plan.who)
	}
	return dst, len(dst) - before
}

// alias returns the number that makes the anonymous id under which a planned event of
// b is sent, if it is not sent under the id of its person.
func (b *block) alias(plan *planned, merge bool) (number int64, anonymous bool) {
	switch {
	case !merge && plan.anon != 0:
		return b.anonymous(plan.anon), true
	case plan.via != 0 && plan.trait != traitEarly:
		return b.anonymous(plan.via), true
	}
	return 0, false
}

// fill appends the properties of an event, as many as its drawn size allows, and
// filler for what is missing. They begin at base, where some of them may stand
// already; name and distinct_id together are so many bytes long.
func (m *Model) fill(dst []byte, base, named int, k *eventKind, values *valueRNG) []byte {
	if m.personless > 0 && !k.person && values.s.Float64() < m.personless && k.properties.personless {
		values.hints.repeat(len(dst), keyPersonless)
		dst = append(dst, `,"$process_person_profile":false`...)
	}
	return m.fillTo(m.sizes.draw(&values.s), dst, base, named, k, values)
}

// fillTo is fill for an event that should have a size, in bytes as encoded.
func (m *Model) fillTo(size int, dst []byte, base, named int, k *eventKind, values *valueRNG) []byte {
	size -= named + eventOverhead
	limit := size
	if m.sizes.quantiles == nil {
		limit = maxSize
	}
	dst = k.properties.append(dst, base, values, limit)
	if missing := size - (len(dst) - base) - len(k.properties.filler) - len(`"`); missing > 0 {
		values.hints.repeat(len(dst), keyFiller)
		dst = append(dst, k.properties.filler...)
		dst = m.filler.append(dst, missing, &values.s)
		dst = append(dst, '"')
	}
	if len(dst) == base {
		dst = append(dst, ',')
	}
	dst[base] = '{' // every member brings a comma
	return append(dst, '}')
}

// eventOverhead is what an encoded event weighs beyond its name, distinct_id
// and members.
const eventOverhead = len(`{"event":"","distinct_id":"","uuid":"00000000-0000-0000-0000-000000000000",`+
	`"timestamp":"2006-01-02T15:04:05.000Z","properties":}`) + len("}")

// appendLink appends the property that names the id which a merge joins: the
// anonymous id that a number makes.
func (m *Model) appendLink(dst []byte, k *eventKind, number int64) []byte {
	dst = m.appendAnonymous(append(dst, k.link...), number)
	return append(dst, '"')
}

// appendLinkTo is appendLink for a person's own id.
func (m *Model) appendLinkTo(dst []byte, k *eventKind, who person) []byte {
	dst = append(dst, k.link...)
	if who.hot() {
		dst = append(dst, m.planner.people.quoted[who&^hotBit]...)
	} else {
		dst = m.planner.people.appendID(dst, who)
	}
	return append(dst, '"')
}

// appendAnonymous appends the anonymous id that a number makes: that of the event
// which it begins with, or of a session (see delays).
func (m *Model) appendAnonymous(dst []byte, number int64) []byte {
	s := rng.NewStream(m.planner.seed^anonSalt, uint64(number))
	return appendUUID(append(dst, m.planner.people.prefix...), &s)
}

// constant is text that is written again and again. Its capacity is a whole number of
// strides, so that it can be copied by them.
type constant struct {
	text  []byte
	marks []deflate.Hint // where in it runs begin that come in other constants, too
}

// stride is how many bytes are copied at once: most constants are no longer, and so are
// copied without a loop whose end depends on them.
const stride = 64

// newConstant returns a draft that is finished.
func newConstant(d draft) constant {
	padded := make([]byte, (len(d.text)+stride-1)/stride*stride)
	return constant{padded[:copy(padded, d.text)], d.marks}
}

// put appends c to dst, which has room for it and stride bytes more.
func (c *constant) put(dst []byte, h *Hints) []byte {
	if h != nil {
		h.place(len(dst), c.marks)
	}
	n := len(dst)
	copyStrides(dst[n:cap(dst)], c.text[:cap(c.text)], len(c.text))
	return dst[:n+len(c.text)]
}

// copyStrides copies n bytes by strides; both have room for the last.
func copyStrides(to, from []byte, n int) {
	for ; n > 0; n -= stride {
		a, b := (*[stride]byte)(to), (*[stride]byte)(from)
		copy(a[0:16], b[0:16])
		copy(a[16:32], b[16:32])
		copy(a[32:48], b[32:48])
		copy(a[48:64], b[48:64])
		from, to = from[stride:], to[stride:]
	}
}

// choices are texts of which one is written at a time. They lie close together, so that a
// processor's nearest memory holds them.
type choices struct {
	text  []byte           // of all, one behind the other, and a stride more
	ends  []uint32         // of each, and before the first
	marks [][]deflate.Hint // of each, as of a constant
}

// newChoices returns drafts that are finished.
func newChoices(all []draft) choices {
	c := choices{ends: []uint32{0}}
	for _, d := range all {
		c.text = append(c.text, d.text...)
		c.ends, c.marks = append(c.ends, uint32(len(c.text))), append(c.marks, d.marks)
	}
	c.text = append(c.text, make([]byte, stride)...)
	return c
}

// put appends the i-th text to dst, which has room for it and stride bytes more.
func (c *choices) put(dst []byte, i int, h *Hints) []byte {
	if h != nil {
		h.place(len(dst), c.marks[i])
	}
	n, size := len(dst), int(c.ends[i+1]-c.ends[i])
	copyStrides(dst[n:cap(dst)], c.text[c.ends[i]:], size)
	return dst[:n+size]
}

// Hints are where a body has what it is likely to have had before. A nil one takes
// none.
type Hints struct{ List []deflate.Hint }

// add notes that what stands at a place has a key.
func (h *Hints) add(at int, key uint32) {
	h.List = append(h.List, deflate.Hint{At: uint32(at), Key: key})
}

// place notes what stands in a text that begins at a place.
func (h *Hints) place(at int, marks []deflate.Hint) {
	for _, m := range marks {
		h.List = append(h.List, deflate.Hint{At: uint32(at) + m.At, Key: m.Key})
	}
}

// repeat notes that a constant stands at a place.
func (h *Hints) repeat(at int, key uint32) {
	if h != nil {
		h.add(at, key)
	}
}

// recent notes that an id stands at a place that may have stood there before.
func (h *Hints) recent(at int, id uint64) {
	if h != nil {
		h.add(at, uint32(id*rng.Gamma>>(64-8)))
	}
}

// middle notes what stands between the distinct_id of an event, which ends at a place,
// and its properties.
func (h *Hints) middle(at int, k *eventKind) {
	if h != nil {
		h.add(at, keyBeforeUUID)
		h.add(at+capture.MiddleBeforeTime, keyBeforeTime)
		h.add(at+capture.MiddleBehindTime, k.stamped)
	}
}

// hintKeys numbers the runs of text that events are made of, the same text by the same
// key wherever it stands.
type hintKeys struct{ byText map[string]uint32 }

// The keys below that of the first run. Ids have recentIDs of them, by a hash.
const (
	recentIDs     = 1 << 8
	keyBeforeUUID = recentIDs
	keyBeforeTime = keyBeforeUUID + 1
	keyPersonless = keyBeforeTime + 1
	keyFiller     = keyPersonless + 1
	keyLink       = keyFiller + 1
	firstRun      = keyLink + 1
)

func newHintKeys() *hintKeys { return &hintKeys{map[string]uint32{}} }

// of returns the key of a text.
func (k *hintKeys) of(text string) uint32 {
	key, known := k.byText[text]
	if !known {
		key = uint32(firstRun + len(k.byText))
		k.byText[text] = key
	}
	return key
}

// mark adds the beginning of a run to marks, if it is long enough to be found again.
func (k *hintKeys) mark(marks []deflate.Hint, at int, text string) []deflate.Hint {
	if len(text) < shortestRun {
		return marks
	}
	return append(marks, deflate.Hint{At: uint32(at), Key: k.of(text)})
}

// shortestRun is what is worth a hint, in bytes.
const shortestRun = 3

// HintKeys is how many keys the hints of the model's events have.
func (m *Model) HintKeys() int { return firstRun + len(m.planner.mix.keys.byText) }
