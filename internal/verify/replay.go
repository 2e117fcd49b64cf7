package verify

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/verify/recorded"
)

// replayed is what is known of the events of a replay, which are no function of their
// numbers: the recording is read once before the source is, and once more to name events.
type replayed struct {
	*recorded.Store
	sent   bool                // properties are compared byte for byte
	known  map[uint64]struct{} // else: the paths of properties that the run sends
	merges []merge             // the first mostReplayedMerges
	missed int64               // merges beyond these
	uneven map[int64]bool      // events that were sent once more under their uuid with other content

	window window           // of the reading of the source
	kept   map[int64][]byte // properties of altered events, until they are named

	mu     sync.Mutex
	failed error // reading what was kept
}

// mostReplayedMerges is how many merges of a recording are kept, 32 bytes each.
const mostReplayedMerges = 1 << 20

// readReplay reads the recording. sent says that the source has properties byte for
// byte.
func readReplay(ctx context.Context, run *Run, sent bool) (*replayed, error) {
	r := &replayed{sent: sent, known: map[uint64]struct{}{}, uneven: map[int64]bool{}, kept: map[int64][]byte{}}
	r.window.of = r
	h := r.hasher()
	h.learning = true
	w, err := recorded.NewWriter()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	err = run.Replay(func(i int64, due time.Duration, e *capture.Event) error {
		if i%interruptedEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		entry := recorded.Known{UUID: e.UUID, Due: due, Dropped: run.drops(e)}
		entry.Sums = h.of(&e.UUID, e.Name, e.DistinctID, e.Properties)
		if m, is := mergeOf(e, i); is && len(r.merges) < mostReplayedMerges {
			r.merges = append(r.merges, m)
		} else if is {
			r.missed++
		}
		return w.Add(&entry)
	})
	if err != nil {
		return nil, err
	}
	if r.Store, err = w.Finish(); err != nil {
		return nil, err
	}
	r.EachCopy(func(i, original int64) {
		if r.entry(i).Sums != r.entry(original).Sums {
			r.uneven[original] = true
		}
	})
	return r, r.failed
}

// hasher compares what the recording holds. What a pipeline adds to every event is not
// compared: recordings are often exports, in which it stands already.
func (r *replayed) hasher() hasher {
	return hasher{sent: r.sent, known: r.known, skips: func(name []byte) bool {
		return moved(name) || string(name) == "$ip" || bytes.HasPrefix(name, []byte("$geoip_"))
	}}
}

// fail keeps the first error.
func (r *replayed) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = cmp.Or(r.failed, err)
}

// entry is what was kept of event i.
func (r *replayed) entry(i int64) recorded.Known {
	var e [1]recorded.Known
	if err := r.Read(i, e[:]); err != nil {
		r.fail(err)
	}
	return e[0]
}

// window is a few consecutive events. It is for one goroutine.
type window struct {
	of      *replayed
	first   int64
	entries []recorded.Known
}

// windowEvents is how many events are read at once.
const windowEvents = 64

// at is what was kept of event i.
func (w *window) at(i int64) *recorded.Known {
	if i < w.first || i >= w.first+int64(len(w.entries)) {
		w.first = i - i%windowEvents
		w.entries = append(w.entries[:0], make([]recorded.Known, min(windowEvents, w.of.Len()-w.first))...)
		if err := w.of.Read(w.first, w.entries); err != nil {
			w.of.fail(err)
		}
	}
	return &w.entries[i-w.first]
}

// indexReplayed finds the first event of a uuid.
func (p *pass) indexReplayed(u capture.UUID) (i int64, ours bool) {
	r := p.replay
	if next := p.last + 1; next < p.total && p.replay.window.at(next).UUID == u {
		return r.Original(next), true
	}
	i, ours, err := r.Find(u)
	if err != nil {
		r.fail(err)
	}
	return i, ours
}

// mergeAt is the merge that event i of a replay is.
func (r *replayed) mergeAt(i int64) (m merge, is bool) {
	k, is := slices.BinarySearchFunc(r.merges, i, func(m merge, i int64) int { return cmp.Compare(m.index, i) })
	if !is {
		return merge{}, false
	}
	return r.merges[k], true
}

// errEnough ends the reading of a recording early.
var errEnough = errors.New("enough was read")

// nameReplayed adds to the events that are named what the recording says of them.
func (p *pass) nameReplayed(ctx context.Context) error {
	named := map[int64][]*Named{}
	last := int64(-1)
	for _, list := range p.named {
		for k := range list {
			if n := &list[k]; n.Index != nil {
				named[*n.Index] = append(named[*n.Index], n)
				last = max(last, *n.Index)
			}
		}
	}
	if last < 0 {
		return nil
	}
	a := altered{pass: p}
	err := p.run.Replay(func(i int64, _ time.Duration, e *capture.Event) error {
		switch {
		case i > last:
			return errEnough
		case i%interruptedEvery == 0 && ctx.Err() != nil:
			return ctx.Err()
		}
		for _, n := range named[i] {
			n.Event, n.DistinctID = string(e.Name), string(e.DistinctID)
			if got, kept := p.replay.kept[i]; kept && n.Kind == KindAltered {
				n.Altered = append(n.Altered, a.properties(e.Properties, got)...)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("cannot name events: %w", err)
	}
	return nil
}
