package generator

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/staging"
)

// Whatever is found at the endpoint was announced before: by number, and in sum.
func TestReachIsAheadOfWhatArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := parse(t, "name: test\nload: {profile: 'line(0, 400, 5s)'}\ntarget: {connections: 3}\nbatching: {events: {min: 1, max: 9}}\ntraffic: {seed: 3}\n")
		numbers, arrived := map[string]int64{}, int64(0)
		y, plan := source.NewSynth(s)
		w := body.NewBuilder(s, time.Now())
		w.Traffic.Start, w.Traffic.Due = w.Origin, func(int64) time.Duration { return 0 } // says nothing of uuids
		for i := range plan.Events {
			y.Model().Write(&w.Event, i, &w.Traffic)
			numbers[w.Event.UUID.String()] = i
		}
		var mu sync.Mutex
		var told results.Reach
		var decoder capture.Decoder
		times := 0
		r := &stageRun{scenario: s, reach: func(to results.Reach) error {
			mu.Lock()
			defer mu.Unlock()
			if to.Below < told.Below || to.Events < told.Events || to.Requests < told.Requests {
				t.Errorf("from %+v back to %+v", told, to)
			}
			told, times = to, times+1
			return nil
		}, endpoint: staging.Config{Observe: func(q *capture.Request, _ int) {
			mu.Lock()
			defer mu.Unlock()
			got, err := decoder.Decode(q)
			if err != nil {
				t.Error(err)
				return
			}
			arrived += int64(len(got.Events))
			for _, e := range got.Events {
				if i, known := numbers[e.UUID.String()]; !known || i >= told.Below || arrived > told.Events {
					t.Errorf("event %d arrived, %d in all, and %+v was written down", i, arrived, told)
				}
			}
		}}}
		r.run(t)
		if times < 5 || times > 60 || arrived != plan.Events || told.Events > plan.Events+200 {
			t.Errorf("%d events arrived, told %d times, at last %+v", arrived, times, told)
		}
	})
}

// If it cannot be written down what is about to leave, it does not leave.
func TestReachThatFails(t *testing.T) {
	t.Parallel()
	r := newReach(&Config{Plan: source.Plan{Events: 1000, Requests: 100, Peak: 400}, Reach: func(to results.Reach) error {
		if to.Events > 150 {
			return errors.New("the disk is gone")
		}
		return nil
	}})
	batch := func(n int64) *job { return &job{reach: results.Reach{Below: n * 10, Events: n * 10, Requests: n}} }
	if !r.covers(batch(1)) || !r.covers(batch(11)) || r.covers(batch(12)) || r.covers(batch(1)) != true {
		t.Error("covers what was not written down")
	}
}
