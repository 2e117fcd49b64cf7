package prometheus

import (
	"context"
	"sync"
	"time"

	"rehearse/results"
	"rehearse/scenario"
)

// Every is how often a metric is asked for while a run goes on. Most servers scrape no
// more often than that.
const Every = 5 * time.Second

// Ask returns what a metric of the target comes to now.
type Ask func(ctx context.Context, q *scenario.Query) (float64, error)

// Watch asks for the metrics of a run over and over, from its beginning to its end.
type Watch struct {
	asked   Ask
	queries []scenario.Query
	rows    []results.TargetMetric
	stop    context.CancelFunc
	done    sync.WaitGroup
	once    sync.Once
}

// Start asks once and returns what then asks on until it is stopped.
func Start(ctx context.Context, ask Ask, queries []scenario.Query) *Watch {
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{asked: ask, queries: queries, stop: stop}
	for i := range queries {
		w.rows = append(w.rows, results.TargetMetric{Name: queries[i].Name, Query: queries[i].String()})
	}
	w.ask(ctx)
	w.done.Go(func() {
		tick := time.NewTicker(Every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.ask(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	return w
}

// ask asks for all metrics once.
func (w *Watch) ask(ctx context.Context) {
	for i := range w.rows {
		value, err := w.asked(ctx, &w.queries[i])
		if ctx.Err() != nil {
			return // what was cut off says nothing of the server
		}
		w.rows[i].Take(value, err)
	}
}

// Stop asks a last time and returns what came of all, each time that it is called. A nil
// Watch has asked for nothing.
func (w *Watch) Stop(ctx context.Context) []results.TargetMetric {
	if w == nil {
		return nil
	}
	w.once.Do(func() {
		w.stop()
		w.done.Wait()
		w.ask(ctx)
	})
	return w.rows
}

// Await asks for one metric each second until it is at most a value, for as long as that
// may take, and returns how long it took and what it was last. ok is false if it did not get
// there, or it is not known.
func Await(ctx context.Context, ask Ask, q *scenario.Query, most float64, within time.Duration) (took time.Duration,
	last float64, ok bool) {
	begun := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		value, err := ask(ctx, q)
		took = time.Since(begun)
		if err == nil {
			last = value
		}
		if err == nil && value <= most {
			return took, last, true
		}
		if took >= within {
			return took, last, false
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return took, last, false
		}
	}
}
