package staging

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
)

// TestHotID: one id at 300 events a second among others at ten. Its bucket of
// 1,000 fills at 100 a second, so that it overflows after 5 s, and the stats
// show which events lost their order.
func TestHotID(t *testing.T) {
	t.Parallel()
	for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Config{Generation: g})
			began := time.Now()
			for i := range 100 { // 10 s in steps of 100 ms
				var events string
				for range 30 {
					events += withID(`"kiosk"`) + ","
				}
				handled(s, post("/batch", batch(events+withID(fmt.Sprintf(`"user-%d"`, i)))))
				time.Sleep(100 * time.Millisecond)
			}
			p := s.Stats().Pipeline
			since, err := time.Parse(time.RFC3339Nano, p.Overflow.Since)
			if after := since.Sub(began).Seconds(); err != nil || math.Abs(after-5) > 0.2 {
				t.Errorf("%v: overflow after %v s, %v, want 5 s", g, after, err)
			}
			// 1,000 and 100 a second for 9.9 s keep their place.
			if p.Overflow.Bucket < 1000 || p.Overflow.Bucket > 1020 || g == capture.Generation2024 && p.Order.Unkeyed != p.Overflow.Bucket || g == capture.Current && p.Order.Unkeyed > 0 {
				t.Errorf("%v: %+v %+v, want 1,010 of 3,000", g, p.Overflow, p.Order)
			}
			if hot := p.HotIDs[0]; hot.DistinctID != "kiosk" || hot.Events != 3000 ||
				hot.Overflowed != p.Overflow.Bucket {
				t.Errorf("%v: %+v", g, hot)
			}
			if lanes := len(p.Lanes); g == capture.Current && lanes != 2 || g == capture.Generation2024 && lanes != 1 {
				t.Errorf("%v: %d lanes", g, lanes)
			}
		})
	}
}

// TestOverQuota: the answer is 200, and nothing comes of it.
func TestOverQuota(t *testing.T) {
	t.Parallel()
	s := New(Config{Pipeline: pipeline.Config{OverQuota: []string{"t"}}})
	if got := said(handled(s, post("/batch", batch(event+","+event)))); got != ok {
		t.Error(got)
	}
	if got := said(handled(s, post("/batch", `{"api_key":"u","batch":[`+event+`]}`))); got != ok {
		t.Error(got)
	}
	stats := s.Stats()
	if stats.Events.Accepted != 3 || stats.Pipeline.OverQuota != 2 || stats.Pipeline.Lanes[0].Events != 1 {
		t.Errorf("%+v, %+v", stats.Events, stats.Pipeline)
	}
}

// TestMergesAreSeen: what an event joins is read from its properties.
func TestMergesAreSeen(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	identify := func(anon string) string {
		return `{"event":"$identify","distinct_id":"user","timestamp":"2026-01-01T00:00:00Z",` +
			`"properties":{"$anon_distinct_id":"` + anon + `"}}`
	}
	handled(s,
		post("/batch",
			batch(identify("anon")+","+identify("guest")+
				`,{"event":"e","distinct_id":"anon","timestamp":"2025-12-31T23:00:00-02:00"},`+
				`{"event":"e","distinct_id":"anon","timestamp":"2025-12-31T00:00:00Z"}`)))
	p := s.Stats().Pipeline
	if p.Merges != (pipeline.MergeCounts{Total: 2, Merged: 1, Illegal: 1, Moved: 1, Largest: 1, Widest: 2}) || p.Order.AfterMerge != 1 ||
		p.Order.Backwards != 1 {
		t.Errorf("%+v, %+v", p.Merges, p.Order)
	}
}
