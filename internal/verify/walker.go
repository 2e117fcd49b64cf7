package verify

import (
	"slices"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/verify/recorded"
	"rehearse/scenario"
)

// walker walks through the events of a run block by block. It is for one goroutine.
type walker struct {
	*plan
	maker    *traffic.Writer
	resends  bool
	filtered bool // some of the events are dropped by rule
	event    capture.Event
	slots    [blockEvents]sendings // how often each uuid of the block was sent
	own      [blockEvents]bool     // the event has a uuid of its own

	first   int64 // event of the block, of a replay
	entries []recorded.Known
}

// newWalker stands before the first block.
func (p *plan) newWalker() *walker {
	if p.replay != nil {
		return &walker{plan: p, maker: p.writer()}
	}
	filtered := slices.ContainsFunc(p.run.Scenario.Traffic.Events, func(e scenario.EventShare) bool {
		return capture.IsFiltered([]byte(e.Name))
	})
	return &walker{
		plan: p, maker: p.writer(), resends: p.model.Resends(), filtered: filtered || p.run.Drops != nil,
	}
}

// fill works out how often each uuid of n events was sent, a block from first on.
func (w *walker) fill(first, n int64) {
	clear(w.slots[:n])
	clear(w.own[:n])
	if w.replay != nil {
		w.fillReplayed(first, n)
		return
	}
	at := w.fates.at(first)
	for j := range n {
		for at+1 < len(w.fates) && w.fates[at+1].first <= first+j {
			at++
		}
		original := first + j
		if w.resends {
			original = w.model.Original(original, w.maker)
		}
		w.slots[original-first].add(w.fates[at].sent)
		w.own[j] = original == first+j
	}
}

// uuidOf is the uuid of event i of the block.
func (w *walker) uuidOf(i int64) capture.UUID {
	if w.replay != nil {
		return w.entries[i-w.first].UUID
	}
	return w.plan.uuidOf(i)
}

// write makes event i again, unless it was recorded.
func (w *walker) write(i int64) {
	if w.replay == nil {
		w.model.Write(&w.event, i, w.maker)
	}
}

// sumsOf are the hashes of event i as it was sent, which was written.
func (w *walker) sumsOf(i int64, h *hasher) sums {
	if w.replay == nil {
		return h.of(&w.event.UUID, w.event.Name, w.event.DistinctID, w.event.Properties)
	}
	if w.replay.uneven[i] {
		return sums{}
	}
	return w.entries[i-w.first].Sums
}

// mergeOf is the merge that event i is, which was written.
func (w *walker) mergeOf(i int64) (merge, bool) {
	if w.replay != nil {
		return w.replay.mergeAt(i)
	}
	return mergeOf(&w.event, i)
}

// isDropped tells whether the service drops event i by rule, though it answers 200.
func (w *walker) isDropped(i int64) bool {
	if w.replay != nil {
		return w.entries[i-w.first].Dropped
	}
	if !w.filtered {
		return false
	}
	w.model.Write(&w.event, i, w.maker)
	return w.run.drops(&w.event)
}

// fillReplayed is fill for a replay.
func (w *walker) fillReplayed(first, n int64) {
	w.first, w.entries = first, append(w.entries[:0], make([]recorded.Known, n)...)
	if err := w.replay.Read(first, w.entries); err != nil {
		w.replay.fail(err)
	}
	for j := range n {
		i := first + j
		if w.entries[j].UUID == (capture.UUID{}) || w.replay.Original(i) != i {
			continue
		}
		w.own[j] = true
		w.slots[j].add(w.fates[w.fates.at(i)].sent)
		for _, copied := range w.replay.Copies(i) {
			w.slots[j].add(w.fates[w.fates.at(copied)].sent)
		}
	}
}
