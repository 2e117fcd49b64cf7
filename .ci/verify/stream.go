package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/verify"
	"rehearse/scenario/schedule"
)

// shuffled is within how many events the rows of a near stream are shuffled.
const shuffled = 4096

// stream makes the rows of a run, and plants faults in them.
type stream struct {
	*cast
	model  *traffic.Model
	writer *traffic.Writer
	total  int64
	pass   int64 // of a far stream: 0, and then 1
	next   int64
	window []verify.Row
	random *rand.Rand
	held   *verify.Row // an event that comes behind a later one of its id
	later  []verify.Row
	others int64
	other  *stream // of another run

	persons  *persons
	swapped  int64 // the event that was held; -1: none yet
	property string
}

// stream begins to make the rows.
func (c *cast) stream() *stream {
	load, s := c.run.Scenario.Load, c.run.Scenario
	dues := schedule.New(load.Curve, load.Arrivals, s.Traffic.Seed)
	r := &stream{cast: c, model: traffic.New(s.Traffic, load.Curve), total: dues.Total(),
		writer: &traffic.Writer{Start: start, Due: dues.Cursor().Due}, random: rand.New(rand.NewPCG(1, s.Traffic.Seed)),
		persons: newPersons(c.faults), swapped: -1}
	if c.faults != nil {
		other := cast{run: newRun(100_000, s.Traffic.Seed+1, 500)}
		r.other, r.others = other.stream(), c.faults.others
	}
	return r
}

// source is the stream as a source.
func (s *stream) source() *verify.Source {
	return &verify.Source{
		Kind: "memory", Name: "stream", InOrder: !s.far && s.faults != nil, Sent: s.sent,
		Open:     func() (verify.Reader, error) { *s = *s.cast.stream(); return s, nil },
		Position: func() (int64, int64) { return s.next, s.total },
	}
}

func (s *stream) Close() error { return nil }

// drain makes all rows, or so many, and counts them and their text.
func (s *stream) drain(most int64) (rows, size int64) {
	var r verify.Row
	for rows < most && s.Next(&r) == nil {
		rows++
		size += int64(len(r.Name) + len(r.DistinctID) + len(r.Properties) + 36)
	}
	return rows, size
}

// Next is the next row.
func (s *stream) Next(r *verify.Row) error {
	for len(s.window) == 0 {
		if !s.fill() {
			return io.EOF
		}
	}
	*r = s.window[len(s.window)-1]
	s.window = s.window[:len(s.window)-1]
	return nil
}

// fill makes the next rows; false: there is none left.
func (s *stream) fill() bool {
	s.window = s.window[:0]
	for len(s.window) < shuffled && s.next < s.total {
		i := s.next
		s.next += s.step()
		s.plant(i)
	}
	if s.far && s.next >= s.total && s.pass == 0 {
		s.pass, s.next = 1, 1
	}
	if len(s.window) == 0 {
		s.rest()
	}
	if s.faults == nil || s.far { // where order is checked, rows come in theirs
		s.random.Shuffle(len(s.window), func(i, j int) { s.window[i], s.window[j] = s.window[j], s.window[i] })
	} else {
		for i, j := 0, len(s.window)-1; i < j; i, j = i+1, j-1 {
			s.window[i], s.window[j] = s.window[j], s.window[i]
		}
	}
	return len(s.window) > 0
}

func (s *stream) step() int64 {
	if s.far {
		return 2
	}
	return 1
}

// rest makes the rows that come last: those of another run, and further ones.
func (s *stream) rest() {
	s.window = append(s.window, s.later...)
	s.later = nil
	for ; s.others > 0; s.others-- {
		var r verify.Row
		if s.other.Next(&r) != nil {
			break
		}
		s.window = append(s.window, r)
	}
}

// row makes the row of event i, in memory of its own.
func (s *stream) row(i int64) verify.Row {
	var e capture.Event
	s.model.Write(&e, i, s.writer)
	text := make([]byte, 0, len(e.Name)+len(e.DistinctID)+len(e.Properties))
	text = append(append(append(text, e.Name...), e.DistinctID...), e.Properties...)
	name, id := len(e.Name), len(e.Name)+len(e.DistinctID)
	s.persons.see(i, &e)
	return verify.Row{UUID: e.UUID, Name: text[:name:name], DistinctID: text[name:id:id], Properties: text[id:],
		Time: start.Add(s.writer.Due(i) + 20*time.Millisecond)}
}

// plant makes the row of event i as the faults have it.
func (s *stream) plant(i int64) {
	r, f := s.row(i), s.faults
	if f == nil {
		s.window = append(s.window, r)
		return
	}
	switch {
	case i == f.lost:
		return
	case i == f.altered:
		at := bytes.Index(r.Properties, []byte(`":"`)) + 3
		name := r.Properties[:at-3]
		s.property = string(name[bytes.LastIndexByte(name, '"')+1:])
		r.Properties[at] ^= 1
	case i >= f.swap && s.swapped < 0 && !s.far:
		s.swapped, s.held = i, &r
		return
	}
	for _, again := range f.doubled {
		if i == again {
			s.later = append(s.later, r)
		}
	}
	s.window = append(s.window, r)
	if s.held != nil && bytes.Equal(s.held.DistinctID, r.DistinctID) {
		s.window = append(s.window, *s.held)
		s.held = nil
	}
}

// persons are those that the merges of a stream make, one of which is undone.
type persons struct {
	of     *pipeline.Persons
	names  map[uint64]string
	undo   int64  // the first merge from this event on is
	undone int64  // it
	alone  string // its id
}

func newPersons(f *faults) *persons {
	if f == nil {
		return nil
	}
	return &persons{of: pipeline.NewPersons(1 << 19), names: map[uint64]string{}, undo: f.undo, undone: -1}
}

// see follows an event.
func (p *persons) see(i int64, e *capture.Event) {
	if p == nil {
		return
	}
	link := pipeline.Link(e.Name, e.Properties)
	if link == nil || pipeline.Illegal(link) || pipeline.Illegal(e.DistinctID) {
		return
	}
	_, known := p.of.Of(hash(link))
	p.names[hash(e.DistinctID)], p.names[hash(link)] = string(e.DistinctID), string(link)
	p.of.Join(hash(e.DistinctID), hash(link), string(e.Name) == "$merge_dangerously")
	if i >= p.undo && p.undone < 0 && !known {
		p.undone, p.alone = i, string(link)
	}
}

// source is the table of persons; nil: not asked for.
func (p *persons) source() *verify.Source {
	if p == nil {
		return nil
	}
	return &verify.Source{
		Kind: "memory", Name: "persons", Position: func() (int64, int64) { return 0, 0 },
		Open: func() (verify.Reader, error) {
			var rows []verify.Row
			for key, name := range p.names {
				person, _ := p.of.Of(key)
				text := strconv.FormatUint(person, 16)
				if name == p.alone {
					text = "alone"
				}
				rows = append(rows, verify.Row{Unusable: verify.NoUUID, DistinctID: []byte(name), Person: []byte(text)})
			}
			return &table{rows}, nil
		},
	}
}

// table is rows in memory.
type table struct{ rows []verify.Row }

func (t *table) Close() error { return nil }

func (t *table) Next(r *verify.Row) error {
	if len(t.rows) == 0 {
		return io.EOF
	}
	*r, t.rows = t.rows[0], t.rows[1:]
	return nil
}
