package preflight

import (
	"fmt"
	"os"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/permit"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// Facts are what the team that runs a pipeline knows about it: what a planned
// load is held against. They are plain data; [DefaultFacts] are those of the
// published service.
type Facts struct {
	Hosts    []permit.Host // one without a port stands for all of its ports; empty: not said
	Capacity float64       // events per second that it takes; 0: not known
	Measured bool          // the capacity was measured rather than declared

	Measurement Measurement // how, where Measured says so and the file tells

	Generation capture.Generation // how the v0 routes of the endpoint behave

	// bytes of a request on the wire; 0: that of the endpoint, see Limits
	Body       int64
	Event      int64          // bytes of the Kafka message that one event becomes
	Overflow   pipeline.Limit // of one token:distinct_id on one replica; zero: off
	KeepsOrder bool           // what overflows keeps its key, and so its order
	PerMinute  int64          // the global limit of one token:distinct_id; 0: off
	// older events take the historical lane; 0: only those of batches that say so
	HistoricalAfter time.Duration
	// of the endpoint, each with buckets of its own: reckoned as one as many times as large as
	// connections reach of them
	Replicas int

	Partitions int
	Costs      Costs
	Hours      *Hours        // nil: not said
	Service    time.Duration // how long the endpoint takes for a request
	Hazard     time.Duration // how far one partition may lag behind another

	doc *strict.Document // nil: no file gives them
}

// Measurement is how a capacity was measured, as rehearse capacity writes it. What is
// zero is not told.
type Measurement struct {
	// the interval that holds the capacity, in events a second; To 0: it has no upper end that is
	// known
	From, To   float64
	Confidence float64 // how likely it does
	Date       string  // the day
	Build      string  // of the endpoint
	Conditions string  // traffic, thresholds and connections
}

// Known tells whether the interval is.
func (m *Measurement) Known() bool { return m.From > 0 }

// Costs say what an event costs the pipeline, in ordinary events.
type Costs struct {
	Events map[string]float64 // by name; 1 for any other
	Apps   float64            // added to each event where apps are enabled
}

// Of is what an event of a name costs.
func (c *Costs) Of(name string) float64 {
	if cost, known := c.Events[name]; known {
		return cost
	}
	return 1
}

// DefaultFacts returns the published limits of the service (hog-rs config.rs and
// limiters/overflow.rs; capture config.rs and integration_wire_body_limits.rs).
// Partitions, costs, service and hazard are not published: they are assumed.
func DefaultFacts() *Facts {
	return &Facts{
		Event: capture.MaxEvent, Overflow: pipeline.Limit{PerSecond: 100, Burst: 1000}, Replicas: 1,
		Partitions: 64, Costs: defaultCosts(), Service: 100 * time.Millisecond,
		Hazard: 30 * time.Second,
	}
}

// defaultCosts weigh a merge, a transaction with two row locks, as ten events,
// and an update of a person or group as two. Nobody has published such weights.
func defaultCosts() Costs {
	const merge, update = 10, 2
	return Costs{Apps: 1, Events: map[string]float64{
		scenario.EventIdentify: merge, scenario.EventCreateAlias: merge,
		scenario.EventMergeDangerously: merge,
		scenario.EventGroupIdentify:    update, scenario.EventSet: update,
	}}
}

// Gives tells whether the file gives a field, such as limits.overflow.
func (f *Facts) Gives(path string) bool {
	return f.doc != nil && f.doc.Has(path)
}

// LoadFacts reads the file of a pipeline's facts. Its error is of type strict.Errors and
// tells every mistake.
func LoadFacts(path string) (*Facts, error) {
	text, err := strict.ReadFile(path, "the pipeline's facts")
	if err != nil {
		return nil, err
	}
	return ParseFacts(path, text)
}

// ParseFacts reads the text of such a file; file is its name in errors.
func ParseFacts(file string, text []byte) (*Facts, error) {
	doc, err := strict.Open(file, text, strict.Options{LookupEnv: os.LookupEnv})
	if err != nil {
		return nil, err
	}
	f := DefaultFacts()
	f.doc = doc
	readFacts(doc.Root(), f)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

func readFacts(v strict.Value, f *Facts) {
	v.Object(strict.Fields{
		"hosts":      func(v strict.Value) { f.Hosts = permit.ReadHosts(v) },
		"capacity":   func(v strict.Value) { readCapacity(v, f) },
		"generation": func(v strict.Value) { f.Generation = scenario.ReadGeneration(v) },
		"limits":     func(v strict.Value) { readLimits(v, f) },
		"partitions": func(v strict.Value) { f.Partitions = int(v.Count(1, maxPartitions)) },
		"costs":      func(v strict.Value) { readCosts(v, &f.Costs) },
		"hours":      func(v strict.Value) { f.Hours = readHours(v) },
		"service": func(v strict.Value) {
			f.Service = v.Duration(time.Millisecond,
				time.Minute)
		},
		"hazard": func(v strict.Value) { f.Hazard = v.Duration(0, time.Hour) },
	})
}

// Limits returns what the endpoint takes of requests of a form: v1 has limits of
// its own, the six routes of v0 share theirs (integration_wire_body_limits.rs). A
// body may grow to five times the limit of the wire when it is decompressed. In
// 2024 it might grow without bound; the embedded endpoint keeps today's.
func (f *Facts) Limits(e scenario.Endpoint) capture.Limits {
	l := capture.Limits{Wire: f.Generation.MaxWire(), Plain: capture.MaxPlain, Event: int(f.Event)}
	switch {
	case f.Body > 0:
		l.Wire, l.Plain = int(f.Body), 5*int(f.Body)
	case e == scenario.EndpointV1:
		l.Wire, l.Plain = capture.MaxWireV1, capture.MaxPlainV1
	}
	if f.Generation == capture.Generation2024 && e != scenario.EndpointV1 {
		l.Plain = capture.MaxPlain
	}
	return l
}

// The bounds of a pipeline.
const (
	maxPartitions = 100_000
	maxReplicas   = 10_000
	maxCost       = 1e6
	maxLimit      = 100_000_000 // bytes
)

func readCapacity(v strict.Value, f *Facts) {
	v.Object(strict.Fields{
		"events": func(v strict.Value) {
			if f.Capacity = v.Rate(); f.Capacity == 0 {
				v.Fail("must be more than 0", "leave capacity out where it is not known")
			}
		},
		"from": func(v strict.Value) {
			f.Measured = strict.OneOf(v,
				[]string{"measured", "declared"}) == "measured"
		},
		"interval":   func(v strict.Value) { readInterval(v, &f.Measurement) },
		"confidence": func(v strict.Value) { f.Measurement.Confidence = v.Share() },
		"date":       func(v strict.Value) { f.Measurement.Date = v.Line(0, strict.MaxLine) },
		"build":      func(v strict.Value) { f.Measurement.Build = v.Line(0, strict.MaxLine) },
		"conditions": func(v strict.Value) { f.Measurement.Conditions = v.Line(0, strict.MaxLine) },
	})
	v.Require("events")
	if m := &f.Measurement; m.Known() && (f.Capacity < m.From || m.To > 0 && f.Capacity > m.To) {
		v.Fail("events lies outside of the interval", "")
	}
}

// readInterval reads where a measured capacity lies.
func readInterval(v strict.Value, m *Measurement) {
	v.Object(strict.Fields{
		"from": func(v strict.Value) { m.From = v.Rate() },
		"to":   func(v strict.Value) { m.To = v.Rate() },
	})
	v.Require("from")
	if m.To > 0 && m.To < m.From {
		v.Fail("from must not be above to", "")
	}
}

func readLimits(v strict.Value, f *Facts) {
	v.Object(strict.Fields{
		"body":       func(v strict.Value) { f.Body = v.Bytes(1000, maxLimit) },
		"event":      func(v strict.Value) { f.Event = v.Bytes(1000, maxLimit) },
		"overflow":   func(v strict.Value) { f.Overflow, f.KeepsOrder = readOverflow(v) },
		"per_minute": func(v strict.Value) { f.PerMinute = readSwitchable(v) },
		"historical_after": func(v strict.Value) {
			f.HistoricalAfter = v.Duration(time.Hour,
				1000*24*time.Hour)
		},
		"replicas": func(v strict.Value) { f.Replicas = int(v.Count(1, maxReplicas)) },
	})
}

// isOff tells whether a limit is switched off.
func isOff(v strict.Value) bool { return v.IsScalar() && v.Raw() == "off" }

func readSwitchable(v strict.Value) int64 {
	if isOff(v) {
		return 0
	}
	return v.Count(1, schedule.MaxEvents)
}

// readOverflow reads the word off, or a rate and a burst.
func readOverflow(v strict.Value) (l pipeline.Limit, keepsOrder bool) {
	if isOff(v) {
		return l, false
	}
	v.Object(strict.Fields{
		"rate": func(v strict.Value) {
			rate := v.Rate()
			l.PerSecond = int(min(rate, 1e9))
			if rate < 1 || rate != float64(l.PerSecond) {
				v.Fail("must be a whole number of events a second", strict.HintRate)
			}
		},
		"burst":       func(v strict.Value) { l.Burst = int(v.Count(1, 1_000_000_000)) },
		"keeps_order": func(v strict.Value) { keepsOrder = v.Flag() },
	})
	v.Require("rate", "burst")
	return l, keepsOrder
}

func readCosts(v strict.Value, c *Costs) {
	v.Object(strict.Fields{
		"events": func(v strict.Value) {
			v.Entries(func(key strict.Value, name string, entry strict.Value) {
				if !scenario.IsEventName(name) {
					key.Fail("must be the name of an event", "")
				}
				c.Events[name] = entry.Number(0, maxCost)
			})
		},
		"apps": func(v strict.Value) { c.Apps = v.Number(0, maxCost) },
	})
}

// assumptions lists the facts that the scenario is held to, and where each comes
// from.
func (l *checker) assumptions() []Assumption {
	f := l.facts
	var all []Assumption
	add := func(field, value string, otherwise Origin) {
		origin := otherwise
		if l.file && f.Gives(field) {
			origin = FromFile
		}
		all = append(all, Assumption{field, value, origin})
	}
	embedded := func(set bool, otherwise Origin) Origin {
		if set && !l.file {
			return Embedded
		}
		return otherwise
	}
	if f.Capacity > 0 {
		add("capacity", fmt.Sprintf("%s events/s", text.Rate(f.Capacity)), embedded(true, Assumed))
	}
	if g := f.Generation; g != capture.Current || l.file && f.Gives("generation") {
		add("generation", g.String(), Embedded)
	}
	add("limits.body", units.FormatBytes(int64(l.most.Wire))+", decompressed "+
		""+units.FormatBytes(int64(l.most.Plain)), Published)
	add("limits.event", units.FormatBytes(f.Event), Published)
	add("limits.overflow", overflowText(f), Published)
	if f.PerMinute > 0 {
		add("limits.per_minute", text.Count(f.PerMinute)+" events of one id",
			embedded(true, Published))
	}
	add("limits.replicas", text.Count(f.Replicas), Assumed)
	add("partitions", text.Count(f.Partitions), embedded(l.s.Staging.Partitions > 0, Assumed))
	add("service", fmt.Sprintf("%d ms a request", f.Service/time.Millisecond), Assumed)
	if !inOrder(l.s) {
		add("order", fmt.Sprintf("1 request in %.0f takes %s longer than the others", 1/slowShare,
			seconds(slowness(f).Seconds())), Assumed)
	}
	add("hazard", seconds(f.Hazard.Seconds())+" between two partitions", Assumed)
	if f.Hours != nil {
		add("hours", hoursText(f.Hours), Assumed)
	}
	return all
}

// overflowText writes the limit of one id.
func overflowText(f *Facts) string {
	if f.Overflow.PerSecond == 0 {
		return "off"
	}
	text := fmt.Sprintf("%s/s with a burst of %s for one id", text.Count(f.Overflow.PerSecond),
		text.Count(f.Overflow.Burst))
	switch {
	case f.KeepsOrder:
		text += ", in order"
	case !f.Gives("limits.overflow"):
		text += "; off by default" // capture's overflow_enabled (config.rs)
	}
	return text
}

// hoursText writes when the team works.
func hoursText(h *Hours) string {
	midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	days := 0
	for _, works := range h.Days {
		if works {
			days++
		}
	}
	return fmt.Sprintf("%s to %s on %d days a week, %s", midnight.Add(h.From).Format("15:04"),
		midnight.Add(h.To).Format("15:04"), days, h.Zone)
}
