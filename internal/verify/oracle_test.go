package verify

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/results"
)

// TestAgainstCounting: whatever the fates of the events, in however many attempts, and
// whatever is lost, doubled or shuffled, the numbers are those that counting each event
// by its uuid gives.
func TestAgainstCounting(t *testing.T) {
	t.Parallel()
	for name, replay := range map[string]bool{"synthesized": false, "replayed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := plant(t, load(t, 3000, "faults: {duplicates: 2%}"))
			if replay {
				whole.replay()
			}
			againstCounting(t, whole)
		})
	}
}

func againstCounting(t *testing.T, whole *planted) {
	originals := map[capture.UUID]int{}
	for i := range whole.rows {
		if _, known := originals[whole.rows[i].UUID]; !known {
			originals[whole.rows[i].UUID] = i
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := *whole
		run := *whole.run
		defer run.Close()
		p.run, p.loose = &run, true
		total := int64(len(p.rows))
		run.Attempts = nil
		fates := make([][]capture.Fate, total) // by event: in each attempt
		for range rapid.IntRange(1, 3).Draw(t, "attempts") {
			a := Attempt{Starts: whole.run.Attempts[0].Starts, Load: whole.run.Attempts[0].Load}
			for at := int64(0); at < total; {
				n := min(rapid.Int64Range(1, 900).Draw(t, "stretch"), total-at)
				fate := capture.Fate(rapid.IntRange(0, 5).Draw(t, "fate"))
				if fate <= capture.FateMayBeStored {
					a.Fates = append(a.Fates, results.Range{First: at, Count: n, Fate: fate})
				} else if rapid.Bool().Draw(t, "unknown") {
					a.Unknown, fate = append(a.Unknown, results.Range{First: at, Count: n}), capture.FateAmbiguous
				} else {
					fate = capture.FateUnsent
				}
				for i := at; i < at+n; i++ {
					fates[i] = append(fates[i], fate)
				}
				at += n
			}
			run.Attempts = append(run.Attempts, a)
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		p.rows = nil
		for i := range whole.rows {
			for range []int{0, 1, 1, 1, 1, 1, 2, 5}[random.IntN(8)] {
				p.rows = append(p.rows, whole.rows[i])
			}
		}
		if len(p.rows) == 0 {
			t.Skip()
		}
		random.Shuffle(len(p.rows), func(i, j int) { p.rows[i], p.rows[j] = p.rows[j], p.rows[i] })
		got := p.hold(whole.t).Report
		wantEvents, wantRows := counted(whole, &p, fates, originals)
		if got.Events != wantEvents {
			t.Fatalf("events %+v\nwant   %+v", got.Events, wantEvents)
		}
		got.Rows.Unusable = nil
		if want := wantRows; got.Rows.First != want.First || got.Rows.Planned != want.Planned ||
			got.Rows.Duplicated != want.Duplicated || got.Rows.All != int64(len(p.rows)) || got.Content.Altered != 0 {
			t.Fatalf("rows %+v\nwant %+v", got.Rows, want)
		}
	})
}

// counted is what counting gives.
func counted(whole, p *planted, fates [][]capture.Fate, originals map[capture.UUID]int) (e Events, r Rows) {
	seen, sent := map[int]int64{}, map[int][]capture.Fate{}
	for i := range p.rows {
		seen[originals[p.rows[i].UUID]]++
	}
	e.Planned = int64(len(whole.rows))
	for i := range whole.rows {
		first := originals[whole.rows[i].UUID]
		sent[first] = append(sent[first], fates[i]...)
	}
	e.Repeated = e.Planned - int64(len(sent))
	for i, all := range sent {
		has := func(some ...capture.Fate) (n int64) {
			for _, f := range all {
				if slices.Contains(some, f) {
					n++
				}
			}
			return n
		}
		accepted, rejected := has(capture.FateAccepted), has(capture.FateRejected)
		unsure, n := has(capture.FateAmbiguous, capture.FateMayBeStored), seen[i]
		may := accepted + unsure
		switch {
		case accepted > 0 && n > 0:
			e.Accepted.Present++
		case accepted > 0:
			e.Accepted.Lost++
		case unsure > 0 && n > 0:
			e.Unsure.Arrived++
		case unsure > 0:
			e.Unsure.NotArrived++
		case rejected > 0 && n > 0:
			e.Rejected.Taken++
			may = 1
		case rejected > 0:
			e.Rejected.Absent++
		case n > 0:
			e.Unsent.Seen++
			may = n
		default:
			e.Unsent.Absent++
		}
		if n == 0 {
			continue
		}
		r.First++
		r.Duplicated += max(n-may, 0)
		r.Planned += n - 1 - max(n-may, 0)
		if n > may {
			e.Duplicated++
		}
		if n < accepted {
			e.Merged++
		}
	}
	return e, r
}
