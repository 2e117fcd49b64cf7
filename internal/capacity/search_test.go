package capacity

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// broken and held are observations of an endpoint that is far from the bound.
func broken(o Observation) Observation {
	o.Response, o.Margin, o.Accepted = Broke, Margin{"p99 < 500ms", 2, 0}, 1
	return o
}

func held(o Observation) Observation {
	o.Response, o.Margin, o.Accepted = Held, Margin{"p99 < 500ms", -2, 0}, 1
	o.Latency.P50 = 10
	return o
}

// upTo is an endpoint that holds up to a rate.
func upTo(rate float64) func(Trial) Observation {
	return func(t Trial) Observation {
		if t.Rate > rate {
			return broken(Observation{})
		}
		return held(Observation{})
	}
}

// answerOf runs a search against what came of each trial, and returns the trials, too.
func answerOf(t interface{ Fatal(...any) }, c Config, came func(Trial) Observation) (Answer, []Trial) {
	s, err := NewSearch(c)
	if err != nil {
		t.Fatal(err)
	}
	var trials []Trial
	for trial, ok := s.Next(); ok; trial, ok = s.Next() {
		o := came(trial)
		if o.Took == 0 {
			o.Took = trial.Length + time.Second
		}
		s.Observe(o)
		if trials = append(trials, trial); len(trials) > 500 {
			t.Fatal("the search does not end")
		}
	}
	return s.Answer(), trials
}

func quick() Config {
	return Config{
		From: 100, To: 100_000, First: 1000, Precision: 0.05, Confidence: 0.95,
		Budget: time.Hour, Length: 30 * time.Second,
	}
}

// Each way in which a search ends has its name.
func TestEnds(t *testing.T) {
	t.Parallel()
	calls := 0
	for _, row := range []struct {
		name string
		came func(Trial) Observation
		want End
	}{
		{"never breaks", upTo(math.Inf(1)), NeverBreaks},
		{"breaks at once", func(t Trial) Observation {
			o := broken(Observation{})
			o.Margin.Log = math.Log(t.Rate / 50)
			return o
		}, BreaksAtOnce},
		{"no rate meets them", upTo(0), NoRate},
		{"met by rejecting", func(Trial) Observation {
			o := held(Observation{})
			o.Accepted = 0.1
			return o
		}, Rejecting},
		{"our own limit", func(t Trial) Observation {
			if t.Rate > 7000 {
				return Observation{Response: Invalid, Why: "the generator fell behind"}
			}
			return held(Observation{})
		}, OwnLimit},
		{"others take the machine", func(t Trial) Observation {
			if t.Rate > 7000 {
				return Observation{Response: Invalid, Disturbed: true, Why: "other programs used up to 98 %"}
			}
			return held(Observation{})
		}, Disturbed},
		{"does not recover", func(t Trial) Observation {
			if t.Kind == Drain {
				o := held(Observation{})
				o.Latency.P50 = 400
				return o
			}
			return upTo(5000)(t)
		}, NotDrained},
		{"flaps", func(t Trial) Observation {
			if t.Kind == Drain {
				return held(Observation{})
			}
			calls++
			if t.Kind == Below || calls%2 == 0 && t.Rate > 3000 {
				return broken(Observation{})
			}
			return upTo(5000)(t)
		}, Flaps},
		{"a restart now and then is lived with", func(t Trial) Observation {
			calls++
			if calls%11 == 10 {
				return broken(Observation{Why: "connection refused: nothing listens there"})
			}
			return upTo(5000)(t)
		}, Measured},
	} {
		c := quick()
		if row.want == Flaps {
			c.Budget = 2 * time.Hour
		}
		calls = 0
		if a, trials := answerOf(t, c, row.came); a.End != row.want {
			t.Errorf("%s: ended as %q after %d trials: %+v", row.name, a.End, len(trials), a)
		}
	}
}

// A generator that gets no further says nothing of the endpoint, whatever held below.
func TestOwnLimitIsNoNumber(t *testing.T) {
	t.Parallel()
	a, _ := answerOf(t, quick(), func(t Trial) Observation {
		if t.Rate > 7000 {
			return Observation{Response: Invalid}
		}
		return held(Observation{})
	})
	if a.Low != 0 || a.High != 0 || a.Best != 0 || a.Limit != 8000 {
		t.Errorf("%+v", a)
	}
}

// After a trial that others disturbed the search waits, longer each time, and that counts.
func TestRestAfterADisturbance(t *testing.T) {
	t.Parallel()
	s, err := NewSearch(quick())
	if err != nil {
		t.Fatal(err)
	}
	var rests []time.Duration
	for _, disturbed := range []bool{true, true, true, false} {
		trial, _ := s.Next()
		o := Observation{Response: Held, Accepted: 1, Took: trial.Length}
		if disturbed {
			o = Observation{Response: Invalid, Disturbed: true, Took: trial.Length}
		}
		s.Observe(o)
		before := s.Elapsed()
		rests = append(rests, s.Rest())
		if s.Elapsed() != before+rests[len(rests)-1] {
			t.Error("a rest does not count")
		}
	}
	if !slices.Equal(rests, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 0}) {
		t.Errorf("rests %v", rests)
	}
}

// A trial that is invalid by chance is run again, and nothing else comes of it.
func TestInvalidTrialsCountForNothing(t *testing.T) {
	t.Parallel()
	want, _ := answerOf(t, quick(), upTo(5000))
	calls := 0
	got, _ := answerOf(t, quick(), func(t Trial) Observation {
		calls++
		if calls%3 == 0 {
			return Observation{Response: Invalid, Took: time.Nanosecond}
		}
		return upTo(5000)(t)
	})
	if math.Abs(got.Best/want.Best-1) > 0.01 || got.End != Measured {
		t.Errorf("%+v, without invalid trials %+v", got, want)
	}
}

// What breaks twice on the way down at a rate that held on the way up is hysteresis.
func TestHysteresis(t *testing.T) {
	t.Parallel()
	over := false
	a, trials := answerOf(t, quick(), func(t Trial) Observation {
		over = over || t.Kind == Above
		if over && t.Kind == Again {
			return broken(Observation{})
		}
		return upTo(5000)(t)
	})
	if !a.Hysteresis || a.End != Measured || a.Low > 5000 || a.High < 5000 {
		t.Errorf("%+v after %d trials", a, len(trials))
	}
	if a, _ := answerOf(t, quick(), upTo(5000)); a.Hysteresis {
		t.Errorf("without any: %+v", a)
	}
}

// Once the budget is used up the width that was reached is told.
func TestBudget(t *testing.T) {
	t.Parallel()
	for _, minutes := range []time.Duration{1, 2, 4, 6} {
		c := quick()
		c.Budget = minutes * time.Minute
		a, trials := answerOf(t, c, upTo(5000))
		spent := time.Duration(0)
		for _, trial := range trials {
			spent += trial.Length + time.Second
		}
		if a.End != Budget && a.End != Measured || spent > c.Budget+time.Second {
			t.Errorf("%d minutes: %+v after %v", minutes, a, spent)
		}
		if a.End == Budget && a.Low > 5000 || a.High != 0 && a.High < 5000 {
			t.Errorf("%d minutes: %+v", minutes, a)
		}
	}
}

// A search that is stopped keeps what it knows.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	s, err := NewSearch(quick())
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		trial, _ := s.Next()
		o := upTo(5000)(trial)
		o.Took = trial.Length
		s.Observe(o)
	}
	s.Interrupt("stopped by a signal")
	a := s.Answer()
	if _, ok := s.Next(); ok || a.End != Interrupted || a.Confirmed || a.Low > 5000 || a.High < 5000 || a.Width() == 0 {
		t.Errorf("%+v, goes on %v", a, ok)
	}
}

// Whatever comes of the trials, none is beyond what is allowed, the search ends within
// its budget, and its numbers are numbers.
func TestSearchKeepsItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := Config{
			From: rapid.Float64Range(1, 1000).Draw(t, "from"), Precision: 0.05, Confidence: 0.95,
			Budget: time.Duration(rapid.IntRange(1, 6).Draw(t, "minutes")) * time.Minute, Length: 20 * time.Second,
		}
		c.To = c.From * rapid.Float64Range(1, 1000).Draw(t, "to")
		c.First = c.From * rapid.Float64Range(0, 2000).Draw(t, "first")
		s, err := NewSearch(c)
		if err != nil {
			t.Fatal(err)
		}
		for trial, ok := s.Next(); ok; trial, ok = s.Next() {
			if trial.Rate < c.From || trial.Rate > c.To || trial.Length <= 0 {
				t.Fatalf("%+v of %v to %v", trial, c.From, c.To)
			}
			s.Observe(Observation{
				Response:  rapid.SampledFrom([]Response{Held, Broke, Broke, Held, Invalid}).Draw(t, "response"),
				Margin:    Margin{"", rapid.Float64().Draw(t, "margin"), rapid.Float64().Draw(t, "error")},
				Accepted:  rapid.Float64Range(0.4, 1).Draw(t, "accepted"),
				Saturated: rapid.Float64().Draw(t, "saturated"),
				Latency:   Latency{P50: rapid.Float64Range(0, 100).Draw(t, "p50")},
				Took:      trial.Length,
			})
		}
		a := s.Answer()
		for _, x := range []float64{a.Low, a.High, a.Best, a.Drift} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("%+v", a)
			}
		}
		if a.End == "" || a.High > 0 && a.Low > a.High || s.Elapsed() > c.Budget+time.Minute {
			t.Fatalf("%+v after %v", a, s.Elapsed())
		}
	})
}

// Fields that make no search are named.
func TestConfig(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		change func(*Config)
		why    string
	}{
		{func(c *Config) { c.From = 0 }, "the lowest rate"},
		{func(c *Config) { c.To = math.NaN() }, "the lowest rate"},
		{func(c *Config) { c.To = 50 }, "not above the highest"},
		{func(c *Config) { c.Precision = 0 }, "the precision"},
		{func(c *Config) { c.Confidence = 1 }, "the confidence"},
		{func(c *Config) { c.Length = time.Second }, "a trial takes"},
		{func(c *Config) { c.Budget = time.Second }, "has no room"},
	} {
		c := quick()
		row.change(&c)
		if _, err := NewSearch(c); err == nil || !strings.Contains(err.Error(), row.why) {
			t.Errorf("%+v: %v, want %q", c, err, row.why)
		}
	}
}
