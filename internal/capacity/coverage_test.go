package capacity

import (
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// seedsVariable says how many searches a row of the coverage table has:
//
//	REHEARSE_CAPACITY_SEEDS=400 go test ./internal/capacity -run Coverage -v -timeout 3h
//
// REHEARSE_CAPACITY_KINDS names the endpoints, separated by commas; none stands for all.
const (
	seedsVariable = "REHEARSE_CAPACITY_SEEDS"
	kindsVariable = "REHEARSE_CAPACITY_KINDS"
)

// cover is what a search of an endpoint came to.
type cover struct {
	answer  Answer
	truth   float64
	minutes float64
}

// covered says whether the interval holds the truth.
func (c *cover) covered() bool {
	return c.answer.Interval() && c.answer.Low <= c.truth && c.truth <= c.answer.High
}

func searchConfig() Config {
	return Config{
		From: 50, To: 1e6, First: 500, Precision: 0.05, Confidence: 0.95,
		Budget: time.Hour, Length: 30 * time.Second,
	}
}

// search runs a search of an endpoint.
func search(t *testing.T, e *endpoint, c Config) cover {
	t.Helper()
	s, err := NewSearch(c)
	if err != nil {
		t.Fatal(err)
	}
	for trial, ok := s.Next(); ok; trial, ok = s.Next() {
		s.Observe(e.trial(trial))
		if trial.Number > 1000 {
			t.Fatal("the search does not end")
		}
	}
	return cover{s.Answer(), e.takes(), s.Elapsed().Minutes()}
}

// bisect is what other tools do: double until a trial breaks, then halve the bracket.
func bisect(e *endpoint, c Config) cover {
	var low, high, minutes float64
	for rate := c.First; minutes < c.Budget.Minutes(); {
		o := e.trial(Trial{Rate: rate, Length: c.Length})
		minutes += o.Took.Minutes()
		if o.Response == Held {
			low = rate
		} else {
			high = rate
		}
		switch {
		case high == 0:
			rate *= 2
		case low == 0:
			rate /= 2
		case width(low, high) <= c.Precision:
			return cover{Answer{Low: low, High: high}, e.takes(), minutes}
		default:
			rate = (low + high) / 2
		}
	}
	return cover{Answer{}, e.takes(), minutes}
}

// noises of the table: the width over which a trial comes out either way, and the share
// of the trials that is disturbed.
func noises() []noise { return []noise{{0.01, 0}, {0.02, 0.02}, {0.05, 0.02}, {0.03, 0.05}} }

// The interval holds the truth in 19 of 20 searches, for each kind of endpoint. A few
// seeds tell whether the search works at all; the table takes an hour.
func TestCoverage(t *testing.T) {
	t.Parallel()
	text := os.Getenv(seedsVariable)
	if text == "" {
		for _, name := range kindNames() {
			for seed := range few {
				c := search(t, drawn(name, noises()[seed%2], uint64(seed)), searchConfig())
				if !c.covered() || c.answer.End != Measured || c.answer.Width() > searchConfig().Precision {
					t.Errorf("%s, seed %d: %+v, truth %.0f", name, seed, c.answer, c.truth)
				}
			}
		}
		return
	}
	seeds, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range noises() {
		for _, name := range kindNames() {
			tabulate(t, name, n, seeds)
		}
	}
}

func kindNames() []string {
	if only := os.Getenv(kindsVariable); only != "" {
		return strings.Split(only, ",")
	}
	return slices.Sorted(maps.Keys(kinds()))
}

// drawn is an endpoint of a kind with a capacity of 1,000 to 60,000 events a second.
func drawn(name string, n noise, seed uint64) *endpoint {
	rng := rand.New(rand.NewPCG(seed, 7))
	e := kinds()[name](1000 * math.Pow(60, rng.Float64()))
	e.noise, e.rng = n, rng
	return e
}

// tabulate prints a row of the table. Where trials come out either way over 2 % of the
// rate at most, 95 of 100 intervals have to hold the truth, give or take what chance does.
func tabulate(t *testing.T, name string, n noise, seeds int) {
	searches, bisections := make([]cover, seeds), make([]cover, seeds)
	var all sync.WaitGroup
	slots := make(chan bool, 2)
	for seed := range seeds {
		slots <- true
		all.Go(func() {
			searches[seed] = search(t, drawn(name, n, uint64(seed)), searchConfig())
			bisections[seed] = bisect(drawn(name, n, uint64(seed)), searchConfig())
			<-slots
		})
	}
	all.Wait()
	ends := map[End]int{}
	held, minutes, broad := 0, 0.0, 0.0
	plain, plainly := 0, 0.0
	for i := range searches {
		c, b := &searches[i], &bisections[i]
		ends[c.answer.End]++
		minutes, broad, plainly = minutes+c.minutes, broad+c.answer.Width(), plainly+b.minutes
		if c.covered() {
			held++
		}
		if b.covered() {
			plain++
		}
	}
	all100 := 100 / float64(seeds)
	t.Logf("%-16s σ %.0f %% q %.0f %%: covers %5.1f %% in %4.1f min, %.1f %% wide %v; bisection %5.1f %% in %.1f min",
		name, n.width*100, n.disturbed*100, float64(held)*all100, minutes/float64(seeds), broad*all100, ends,
		float64(plain)*all100, plainly/float64(seeds))
	least := 0.95 - 2*math.Sqrt(0.95*0.05/float64(seeds))
	if n.width <= 0.02 && float64(held) < least*float64(seeds) {
		t.Errorf("%s: %d of %d intervals hold the truth", name, held, seeds)
	}
}
