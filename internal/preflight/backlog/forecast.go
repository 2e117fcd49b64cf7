package backlog

import (
	"math"

	"rehearse/internal/capture/pipeline"
)

// ID is one id with much of the load.
type ID struct {
	Name     string
	Share    float64 // of the events
	Off      float64 // half of a 95 % interval of that, as a share of it
	Bucket   pipeline.Limit
	InOrder  bool           // what is over the bucket is worked off in order, on the overflow lane
	Global   pipeline.Limit // beyond it events have no key, and wait for none of their id
	PerEvent float64        // seconds that one of its events takes
	Lane     pipeline.Lane  // that it takes while it is within its bucket
}

// Partition is the busiest one.
type Partition struct {
	Name     string
	Share    float64 // of the events
	Off      float64 // half of a 95 % interval of that, as a share of it
	Rate     float64 // events a second that it is worked off at; 0: not known
	Ordinary float64 // ordinary events that one of its events costs
}

// Facts are what decides how long events wait.
type Facts struct {
	Load      Load
	IDs       []ID
	Partition Partition
	Capacity  float64 // events a second of all; 0: not known
	Stages    []pipeline.Stage
}

// Forecast is how late the latest id, the latest partition and everything is. What is not
// known to take time is not told.
type Forecast struct {
	ID         *Queued  `json:"distinct_id,omitempty"`
	Partition  *Queued  `json:"partition,omitempty"`
	Everything *Queued  `json:"everything,omitempty"`
	Stages     []Queued `json:"stages,omitempty"`
}

// Queued is one queue and its lag.
type Queued struct {
	Name string `json:"name"`
	Lane string `json:"lane,omitempty"`
	Lag
	Error float64 `json:"worst_error_s"` // half of a 95 % interval of the worst; 0: exact
}

// All are the queues of the forecast, those that are known.
func (f *Forecast) All() (all []*Queued) {
	for _, q := range [...]*Queued{f.ID, f.Partition, f.Everything} {
		if q != nil {
			all = append(all, q)
		}
	}
	for i := range f.Stages {
		all = append(all, &f.Stages[i])
	}
	return all
}

// IsLate tells whether anything waits for a second.
func (f *Forecast) IsLate() bool {
	for _, q := range f.All() {
		if q.Begins != nil {
			return true
		}
	}
	return false
}

// Foretell works out the lags.
func Foretell(f *Facts) Forecast {
	var c Forecast
	for i := range f.IDs {
		for _, q := range f.IDs[i].lags(f.Load) {
			if c.ID == nil || q.Worst > c.ID.Worst {
				c.ID = &q
			}
		}
	}
	if p := &f.Partition; p.Rate > 0 {
		each := f.Load.Scaled(p.Share * p.Ordinary)
		lag, _ := Queue(each, p.Rate)
		more, _ := Queue(each.Scaled(1+p.Off), p.Rate)
		c.Partition = &Queued{Name: p.Name, Lag: lag, Error: more.Worst - lag.Worst}
	}
	out := f.Load
	if f.Capacity > 0 {
		var lag Lag
		lag, out = Queue(out, f.Capacity)
		c.Everything = &Queued{Name: "everything", Lag: lag}
	}
	for _, s := range f.Stages {
		lag, _ := Queue(out.Scaled(s.Share), s.Capacity)
		c.Stages = append(c.Stages, Queued{Name: s.Name, Lag: lag})
	}
	return c
}

// lags are those of an id on the lanes that it takes. Its events are worked off one after
// another on each, as long as they keep their key.
func (id *ID) lags(all Load) (lags []Queued) {
	if id.PerEvent <= 0 {
		return nil
	}
	said, more := id.follow(all, id.Share), id.follow(all, id.Share*(1+id.Off))
	for i := range said {
		// Chance brings as many events more or fewer as the root of their number.
		chance := 1.96 * math.Sqrt(said[i].Events) * id.PerEvent
		said[i].Error = math.Hypot(more[i].Worst-said[i].Worst, chance)
	}
	return said
}

// follow leads a share of all events through the limits and the queues of the id.
func (id *ID) follow(all Load, share float64) []Queued {
	rest := all.Scaled(share)
	if g := id.Global; g.PerSecond > 0 {
		rest, _ = Bucket(rest, float64(g.PerSecond), float64(g.Burst))
	}
	var over Load
	if b := id.Bucket; b.PerSecond > 0 {
		rest, over = Bucket(rest, float64(b.PerSecond), float64(b.Burst))
	}
	lag, _ := Queue(rest, 1/id.PerEvent)
	lags := []Queued{{Name: id.Name, Lane: id.Lane.String(), Lag: lag}}
	if id.InOrder && len(over) > 0 {
		lag, _ := Queue(over, 1/id.PerEvent)
		lags = append(lags, Queued{Name: id.Name, Lane: pipeline.Overflow.String(), Lag: lag})
	}
	return lags
}
