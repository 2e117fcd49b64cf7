package preflight

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/zeebo/xxh3"
	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/scenario"
)

// TestFollowedIsSure: whatever the stream, what is counted of an id and what may be
// missing enclose the truth, and an id that is not followed has no more than that.
func TestFollowedIsSure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.SliceOfN(rapid.IntRange(0, 40), 1, 400).Draw(t, "stream")
		f, truth := newTracked(8), map[uint64]int64{}
		for i, id := range stream {
			hash := xxh3.HashString(fmt.Sprint(id))
			truth[hash]++
			s := f.ids[hash]
			if s == nil {
				s = &seen{}
				f.add(hash, s)
			}
			s.take(time.Duration(i), pipeline.Route{Keyed: true})
		}
		for hash, n := range truth {
			s := f.ids[hash]
			if s == nil && n > f.missed || s != nil && (n < s.events || n > s.events+s.missed || s.missed > f.missed) {
				t.Fatalf("an id has %d events; it is followed as %+v, and %d may be missing of any", n, s, f.missed)
			}
		}
		// Half of the room is emptied at a time, and each place holds what may be missing.
		if most := int64(len(stream))/(8/2) + 1; len(f.ids) > 8 || f.missed > most {
			t.Fatalf("%d ids are followed, %d events may be missing, want %d at most", len(f.ids), f.missed, most)
		}
		if ids, err := f.different(); err == 0 && ids != int64(len(truth)) {
			t.Fatalf("%d different ids are told as %d", len(truth), ids)
		}
	})
}

// TestDifferentIDs: how many ids there were beyond what can be followed, to four
// standard deviations.
func TestDifferentIDs(t *testing.T) {
	t.Parallel()
	f := newTracked(1 << 10)
	const all = 50_000
	for i := range all {
		f.add(xxh3.HashString(fmt.Sprint(i)), &seen{events: 1})
	}
	ids, err := f.different()
	if math.Abs(float64(ids)/all-1) > 2*err || err < 0.02 || err > 0.1 {
		t.Errorf("%d different ids are told as %d, to %.3f", all, ids, err)
	}
}

// TestLateHotID: an id that comes after more others than can be followed is found
// when it is hot.
func TestLateHotID(t *testing.T) {
	t.Parallel()
	s, err := scenario.Parse("a.yaml", []byte("name: a\nload: {profile: 'const(1000, 40s)'}\ntraffic: {}\n"), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tally := NewTally(s, nil, time.Time{})
	tally.ids = newTracked(1 << 10)
	for i := range 40_000 {
		id := fmt.Sprint(i)
		if i >= 30_000 && i%2 == 0 {
			id = "late"
		}
		tally.Take(&Request{Due: time.Duration(i) * time.Millisecond, Events: 1, Submission: &capture.Submission{
			Token: []byte("phc_late"), Events: []capture.Received{{Event: []byte("a"), DistinctID: []byte(id)}},
		}})
	}
	r := Check(Input{Scenario: s, Load: tally.Load(s.Load.Curve), Now: time.Now()})
	// 500/s are 400 too many, so a burst of 1,000 lasts 2.5 s of 10: 4 · 750 overflow.
	h := r.HotIDs[0]
	if h.DistinctID != "late" || h.Events != 5000 || math.Abs(float64(h.Overflow)-3000) > 5 || math.Abs(*h.OverflowsS-32.5) > 0.1 {
		t.Errorf("%+v", h)
	}
	// 35,000 others; of one in 512 two standard deviations are a fifth at most.
	if p := &r.Plan; p.Missed == 0 || p.Errors.Persons == 0 || math.Abs(float64(p.Persons)/35_001-1) > 0.25 {
		t.Errorf("%+v", p)
	}
}
