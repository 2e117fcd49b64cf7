package verify

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/zeebo/xxh3"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/verify/recorded"
)

// mostUnequal is how many blocks with altered events are read again, 128 kB each.
const mostUnequal = 256

// mostLooked is how many rows of altered events are looked at to say which of their
// properties are altered: each may take planning a block again.
const mostLooked = 20_000

// altered reads a source once more to find which events of some blocks are altered.
type altered struct {
	*pass
	compared [parts]bool
	blocks   map[int64]*wanted
	maker    *traffic.Writer
	looked   int
	columns  map[string]int64
	events   int64
}

// wanted is a block whose events are looked at one by one.
type wanted struct {
	hashes [blockEvents]uint64 // of the events as they were sent
	met    bitmap              // those that are altered
}

// findAltered counts and names the altered events of the unequal blocks.
func (c *check) findAltered(ctx context.Context, report *Content) (notes []Note) {
	if len(c.unequal) == 0 {
		return nil
	}
	slices.SortFunc(c.unequal, func(a, b unequal) int { return cmp.Compare(a.block, b.block) })
	report.Blocks, report.AtLeast = int64(len(c.unequal)), true
	report.Altered = report.Blocks
	a := &altered{
		pass:     c.pass,
		compared: c.compared,
		blocks:   map[int64]*wanted{},
		maker:    c.writer(),
		columns:  map[string]int64{},
	}
	some := c.unequal[:min(len(c.unequal), mostUnequal)]
	for _, u := range some {
		a.blocks[u.block] = a.want(u.block)
	}
	if err := a.read(ctx); err != nil {
		return append(notes, Note{Code: NoteUnread, Text: err.Error()})
	}
	rest := int64(len(c.unequal) - len(some))
	report.Altered, report.AtLeast, report.ByColumn = a.events+rest, rest > 0, a.columns
	if rest > 0 {
		notes = append(notes, Note{Code: NoteUnequal, Count: rest})
	}
	return notes
}

// want builds the hashes of a block.
func (a *altered) want(block int64) *wanted {
	w := &wanted{}
	first := block * blockEvents
	if r := a.replay; r != nil {
		entries := make([]recorded.Known, min(blockEvents, a.total-first))
		if err := r.Read(first, entries); err != nil {
			r.fail(err)
		}
		for j := range entries {
			w.hashes[j] = a.one(entries[j].Sums)
		}
		return w
	}
	var e capture.Event
	for j := range min(blockEvents, a.total-first) {
		a.model.Write(&e, first+j, a.maker)
		own := a.uuidOf(first + j)
		w.hashes[j] = a.one(a.hasher.of(&own, e.Name, e.DistinctID, e.Properties))
	}
	return w
}

// one joins the hashes of the parts that are compared.
func (a *altered) one(s sums) (h uint64) {
	for part, sum := range s {
		if a.compared[part] {
			h = h*0x9e3779b97f4a7c15 + sum
		}
	}
	return h
}

// read reads the source again.
func (a *altered) read(ctx context.Context) error {
	r, err := a.source.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	var row Row
	for n := 0; ; n++ {
		if n%interruptedEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := r.Next(&row); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if row.Unusable == "" {
			a.look(&row)
		}
	}
}

// look looks whether a row is as it was sent.
func (a *altered) look(r *Row) {
	i, ours := a.index(r.UUID)
	if !ours {
		return
	}
	a.last = i
	w := a.blocks[i/blockEvents]
	if w == nil || a.times.elsewhen(i, r.Time) || a.replay != nil && a.replay.uneven[i] {
		return
	}
	got := a.hasher.of(&r.UUID, r.Name, r.DistinctID, r.Properties)
	if a.one(got) == w.hashes[i%blockEvents] || w.met.mark(i%blockEvents) {
		return
	}
	a.events++
	a.looked++
	if a.looked > mostLooked {
		return
	}
	a.name(i, r, got)
}

// name says what of a row is altered.
func (a *altered) name(i int64, r *Row, got sums) {
	var e capture.Event
	var want sums
	if a.replay != nil {
		want = a.replay.entry(i).Sums
	} else {
		a.model.Write(&e, i, a.maker)
		want = a.hasher.of(&r.UUID, e.Name, e.DistinctID, e.Properties)
	}
	n := Named{
		Kind:       KindAltered,
		Index:      &i,
		UUID:       r.UUID.String(),
		Event:      string(e.Name),
		DistinctID: string(e.DistinctID),
		Due:        milliseconds(a.maker.Due(i)),
	}
	for part := range parts {
		if !a.compared[part] || got[part] == want[part] {
			continue
		}
		a.columns[partNames[part]]++
		if part != partProperties {
			n.Altered = append(n.Altered, partNames[part])
			continue
		}
		if a.replay == nil {
			n.Altered = append(n.Altered, a.properties(e.Properties, r.Properties)...)
		} else if len(a.replay.kept) < MostNamed {
			a.replay.kept[i] = slices.Clone(r.Properties)
		}
	}
	a.named.add(n)
}

// mostProperties is how many properties are named of one event.
const mostProperties = 20

// properties are the names of the properties that are not as they were sent, as
// properties.NAME.
func (a *altered) properties(want, got []byte) (names []string) {
	h := hasher{known: a.hasher.known, sent: false, skips: a.hasher.skips}
	if a.hasher.sent { // all of them, in their order
		h.known = map[uint64]struct{}{}
		h.learn(want, 0)
	}
	was, is := h.byName(want), h.byName(got)
	for name, sum := range was {
		if is[name] != sum {
			names = append(names, partNames[partProperties]+"."+name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 { // something was added, written otherwise or put in another order
		names = []string{partNames[partProperties]}
	}
	return names[:min(len(names), mostProperties)]
}

// byName returns the hash of each property of an object.
func (h *hasher) byName(text []byte) map[string]uint64 {
	all := map[string]uint64{}
	eachMember(text, func(name, value []byte) {
		if h.skips != nil && h.skips(name) {
			return
		}
		at := h.path(name, 0)
		switch {
		case value[0] == '{':
			all[string(name)] = h.object(value, at)
		case h.sends(at):
			all[string(name)] = xxh3.HashSeed(nil, h.value(value, at))
		}
	})
	return all
}
