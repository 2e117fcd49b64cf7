package scenario

import (
	"math"
	"os"
	"strconv"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/facts"
	"rehearse/scenario/strict"
)

// Staging says how the embedded staging endpoint behaves. It is plain data; what
// it means is for the endpoint to say. A file of its own may hold it as well.
type Staging struct {
	Generation  capture.Generation
	Capacity    float64            // events per second; 0: any number
	Costs       map[string]float64 // what events take of the capacity, by name; 1 for any other
	Concurrency int                // requests served at once; 0: any number
	Partitions  int                // 0: the endpoint's default
	Facts       *pipeline.Facts    // what is enforced behind the endpoint; nil: as of today
	OverQuota   []string
	Script      []Mishap
	Setup       Setup
}

// Behind returns what is enforced behind the endpoint, and is not to be changed.
func (s *Staging) Behind() *pipeline.Facts {
	if s.Facts != nil {
		return s.Facts
	}
	release := pipeline.Release202611
	if s.Generation == capture.Generation2024 {
		release = pipeline.Release2024
	}
	f, _ := pipeline.Published(release) // it is known
	return f
}

// Policy returns what the endpoint decides of requests beside their form.
func (s *Staging) Policy() capture.Policy {
	f := s.Behind()
	return capture.Policy{
		OverQuota: s.OverQuota, KnownTokens: s.Setup.KnownTokens, Drop: f.Matches(pipeline.Drop), Import: f.Import,
	}
}

// Setup is how the endpoint is set up beside that: what a deployment of the service
// switches on or off.
type Setup struct {
	KnownTokens     []string      // others are answered 401; empty: all are known
	HistoricalAfter time.Duration // older events take the historical lane; 0: only those that say so
	NoV1            bool
}

// Mishap is a stretch of time in which the endpoint misbehaves, counted from the
// first request.
type Mishap struct {
	From, To   time.Duration
	Stall      bool
	Delay      Spread
	ReadBytes  int64 // a second; 0: as they come
	Reject     []StatusShare
	RetryAfter time.Duration
	Stored     float64 // share of a request's events that a rejection with 503 leaves behind

	BrokenShares
}

// BrokenShares are the shares of requests, of 1, that are not answered as they should be.
type BrokenShares struct {
	ResetBefore float64 // the connection is closed before the body is read
	Reset       float64 // … and after it was read
	Truncate    float64 // the answer breaks off
	Drop        float64 // it is answered 200 and dropped
	Again       float64 // of v1's events: they are to be sent again
}

// Spread is a distribution of durations: even between Min and Max, and on top of
// that exponential with a mean.
type Spread struct{ Min, Max, Mean time.Duration }

// StatusShare is a share of requests that are answered with a status.
type StatusShare struct {
	Status int
	Share  float64
}

// maxScript bounds what a script may hold: it is walked for every request.
const maxScript = 100

// LoadStaging reads a file that holds what stands under staging in a scenario, with
// overrides as in generation=2024; without a path there are the overrides alone. Its error
// is of type Errors and tells every mistake.
func LoadStaging(path string, set ...string) (Staging, error) {
	text, err := []byte("{}"), error(nil)
	if path != "" {
		text, err = strict.ReadFile(path, "the script")
	}
	if err != nil {
		return Staging{}, err
	}
	doc, err := strict.Open(path, text, strict.Options{LookupEnv: os.LookupEnv, Set: set})
	if err != nil {
		return Staging{}, err
	}
	s := readStaging(doc.Root())
	return s, doc.Err()
}

func readStaging(v strict.Value) Staging {
	var s Staging
	r := facts.NewReader()
	sound := v.Object(strict.Fields{
		"generation":     func(v strict.Value) { s.Generation = r.Generation(v) },
		"capacity":       func(v strict.Value) { s.Capacity = v.Rate() },
		"capacity_costs": func(v strict.Value) { s.Costs = readCapacityCosts(v) },
		"concurrency":    func(v strict.Value) { s.Concurrency = int(v.Count(1, 1_000_000)) },
		"partitions":     func(v strict.Value) { s.Partitions = int(v.Count(1, 10_000)) },
		"over_quota":     func(v strict.Value) { s.OverQuota = v.Lines(2 * strict.MaxLine) },
		"script":         func(v strict.Value) { s.Script = readScript(v) },

		"pipeline":       func(v strict.Value) { v.Object(r.Section()) },
		"per_minute":     r.PerMinute,
		"overflow":       r.Restrict(pipeline.ForceOverflow),
		"overflow_limit": r.Overflow,
		"drop":           r.Restrict(pipeline.Drop),
		"mode":           r.Mode,
		"known_tokens":   func(v strict.Value) { s.Setup.KnownTokens = v.Lines(2 * strict.MaxLine) },
		"historical_after": func(v strict.Value) {
			s.Setup.HistoricalAfter = v.Duration(time.Second,
				100*366*24*time.Hour)
		},
		"v1": func(v strict.Value) { s.Setup.NoV1 = !v.Flag() },
	})
	if sound {
		s.Facts = r.Facts()
	}
	x, f := &s.Setup, s.Behind()
	newer := len(x.KnownTokens) > 0 || x.HistoricalAfter > 0 || len(f.Matches(pipeline.Drop)) > 0 || f.Import
	if newer && s.Generation == capture.Generation2024 {
		v.Fail("the service of 2024 knows no tokens, drops nothing by rule, has no mode and looks at no age",
			"leave out known_tokens, drop, mode and historical_after, or generation")
	}
	return s
}

// readCapacityCosts reads weights by names of events.
func readCapacityCosts(v strict.Value) map[string]float64 {
	const most = 1e6
	costs := map[string]float64{}
	v.Entries(func(_ strict.Value, name string, entry strict.Value) { costs[name] = entry.Number(0, most) })
	return costs
}

func readScript(v strict.Value) (script []Mishap) {
	items := v.List()
	if len(items) > maxScript {
		v.Fail("more than "+strconv.Itoa(maxScript)+" entries", "")
		return nil
	}
	for _, item := range items {
		script = append(script, readMishap(item))
	}
	return script
}

func readMishap(v strict.Value) Mishap {
	var m Mishap
	const longest = 366 * 24 * time.Hour
	sound := v.Object(strict.Fields{
		"from":         func(v strict.Value) { m.From = v.Duration(0, longest) },
		"to":           func(v strict.Value) { m.To = v.Duration(0, longest) },
		"stall":        func(v strict.Value) { m.Stall = v.Flag() },
		"delay":        func(v strict.Value) { m.Delay = readSpread(v) },
		"read_bytes":   func(v strict.Value) { m.ReadBytes = v.Bytes(1, maxBatchBytes) },
		"reject":       func(v strict.Value) { m.Reject = readReject(v) },
		"retry_after":  func(v strict.Value) { m.RetryAfter = v.Duration(time.Second, time.Hour) },
		"reset_before": func(v strict.Value) { m.ResetBefore = readPermille(v) },
		"reset":        func(v strict.Value) { m.Reset = readPermille(v) },
		"truncate":     func(v strict.Value) { m.Truncate = readPermille(v) },
		"drop":         func(v strict.Value) { m.Drop = readPermille(v) },
		"again":        func(v strict.Value) { m.Again = readPermille(v) },
		"stored":       func(v strict.Value) { m.Stored = v.Share() },
	})
	if !v.Require("from", "to") || !sound {
		return m
	}
	if m.From >= m.To {
		v.Fail("from is not before to", "")
	}
	if m.shares() > 1+1e-9 {
		v.Fail("the shares of requests add up to more than 100%", "")
	}
	return m
}

// shares is the sum of the shares of requests.
func (m *Mishap) shares() float64 {
	sum := m.ResetBefore + m.Reset + m.Truncate + m.Drop
	for _, r := range m.Reject {
		sum += r.Share
	}
	return sum
}

// readPermille reads a share of which a thousand requests can hold a whole number.
func readPermille(v strict.Value) float64 {
	share := v.Share()
	if n := share * 1000; math.Abs(n-math.Round(n)) > 1e-6 {
		v.Fail("must be a multiple of 0.1%", "")
	}
	return share
}

// readSpread reads one duration, or the bounds and the mean of many.
func readSpread(v strict.Value) (s Spread) {
	const longest = time.Hour
	if !v.IsMapping() {
		s.Min = v.Duration(0, longest)
		return s
	}
	sound := v.Object(strict.Fields{
		"min":  func(v strict.Value) { s.Min = v.Duration(0, longest) },
		"max":  func(v strict.Value) { s.Max = v.Duration(0, longest) },
		"mean": func(v strict.Value) { s.Mean = v.Duration(0, longest) },
	})
	if sound && s.Max != 0 && s.Min > s.Max {
		v.Fail("min is more than max", "")
	}
	return s
}

// readReject reads shares by status.
func readReject(v strict.Value) (shares []StatusShare) {
	v.Entries(func(key strict.Value, name string, share strict.Value) {
		status, err := strconv.Atoi(name)
		if err != nil || status < 300 || status > 599 {
			key.Fail("must be a status from 300 to 599", "as in {503: 10%}")
		}
		shares = append(shares, StatusShare{status, readPermille(share)})
	})
	return shares
}
