package verify

import (
	"slices"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
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
}

// newWalker stands before the first block.
func (p *plan) newWalker() *walker {
	return &walker{
		plan:    p,
		maker:   p.writer(),
		resends: p.model.Resends(),
		filtered: slices.ContainsFunc(p.run.Scenario.Traffic.Events, func(e scenario.EventShare) bool {
			return capture.IsFiltered([]byte(e.Name))
		}),
	}
}

// fill works out how often each uuid of n events was sent, a block from first on.
func (w *walker) fill(first, n int64) {
	clear(w.slots[:n])
	clear(w.own[:n])
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

// isDropped tells whether the service drops event i by rule, though it answers 200.
func (w *walker) isDropped(i int64) bool {
	if !w.filtered {
		return false
	}
	w.model.Write(&w.event, i, w.maker)
	return capture.IsFiltered(w.event.Name)
}
