package scenario

import (
	"os"
	"time"

	"go.yaml.in/yaml/v4"

	"rehearse/capture"
	"rehearse/capture/pipeline"
	"rehearse/scenario/schedule"
)

// Facts are what the team that runs a pipeline knows about it: what a planned
// load is held against. They are plain data; [DefaultFacts] are those of the
// published service.
type Facts struct {
	Hosts    []Host  // one without a port stands for all of its ports; empty: not said
	Capacity float64 // events per second that it takes; 0: not known
	Measured bool    // the capacity was measured rather than declared

	Generation capture.Generation // how the v0 routes of the endpoint behave

	Body            int64          // bytes of a request on the wire; 0: that of the endpoint, see Limits
	Event           int64          // bytes of the Kafka message that one event becomes
	Overflow        pipeline.Limit // of one token:distinct_id on one replica; zero: off
	KeepsOrder      bool           // what overflows keeps its key, and so its order
	PerMinute       int64          // the global limit of one token:distinct_id; 0: off
	HistoricalAfter time.Duration  // older events take the historical lane; 0: only those of batches that say so
	Replicas        int            // of the endpoint, each with buckets of its own: reckoned as one as many times as large as connections reach of them

	Partitions int
	Costs      Costs
	Hours      *Hours        // nil: not said
	Service    time.Duration // how long the endpoint takes for a request
	Hazard     time.Duration // how far one partition may lag behind another

	given map[string]field
}

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
		Partitions: 64, Costs: defaultCosts(), Service: 100 * time.Millisecond, Hazard: 30 * time.Second,
	}
}

// defaultCosts weigh a merge, a transaction with two row locks, as ten events,
// and an update of a person or group as two. Nobody has published such weights.
func defaultCosts() Costs {
	const merge, update = 10, 2
	return Costs{Apps: 1, Events: map[string]float64{
		EventIdentify: merge, EventCreateAlias: merge, EventMergeDangerously: merge,
		EventGroupIdentify: update, EventSet: update,
	}}
}

// Gives tells whether the file gives a field, such as limits.overflow.
func (f *Facts) Gives(path string) bool {
	_, ok := f.given[path]
	return ok
}

// LoadFacts reads the file of a pipeline's facts. Its error is of type Errors and
// tells every mistake.
func LoadFacts(path string) (*Facts, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, Errors{{File: path, What: "cannot read the pipeline's facts: " + cause(err).Error()}}
	}
	return ParseFacts(path, text)
}

// ParseFacts reads the text of such a file; file is its name in errors.
func ParseFacts(file string, text []byte) (*Facts, error) {
	root, wrong := parseTree(text)
	if wrong != nil {
		wrong.File = file
		return nil, Errors{*wrong}
	}
	d := &decoder{file: file, lookup: os.LookupEnv, given: make(map[string]field)}
	v := value{d: d, node: root}
	d.given[""] = field{v, v}
	f := DefaultFacts()
	readFacts(v, f)
	f.given = d.given
	if len(d.errors) > 0 {
		return nil, d.errors.sorted()
	}
	return f, nil
}

func readFacts(v value, f *Facts) {
	v.object(fields{
		"hosts":      func(v value) { f.Hosts = readHosts(v) },
		"capacity":   func(v value) { readCapacity(v, f) },
		"generation": func(v value) { f.Generation = generationOf(readGeneration(v)) },
		"limits":     func(v value) { readLimits(v, f) },
		"partitions": func(v value) { f.Partitions = int(v.count(1, maxPartitions)) },
		"costs":      func(v value) { readCosts(v, &f.Costs) },
		"hours":      func(v value) { f.Hours = readHours(v) },
		"service":    func(v value) { f.Service = v.duration(time.Millisecond, time.Minute) },
		"hazard":     func(v value) { f.Hazard = v.duration(0, time.Hour) },
	})
}

// generationOf is the generation that a file names; today's where it names none.
func generationOf(word string) capture.Generation {
	if word == capture.Generation2024.String() {
		return capture.Generation2024
	}
	return capture.Current
}

// EndpointLimits are the largest sizes that an endpoint takes, in bytes. What is
// larger is refused with a 413 (an event of 2024 with a 400), on v0 with all the
// events of its request.
type EndpointLimits struct {
	Wire  int64 // of a body as it travels
	Plain int64 // of a body once it is decompressed
	Event int64 // of the Kafka message that an event becomes (see [capture.MaxEvent])
}

// Limits returns what the endpoint takes of requests of a form: v1 has limits of
// its own, the six routes of v0 share theirs (integration_wire_body_limits.rs). A
// body may grow to five times the limit of the wire when it is decompressed. In
// 2024 it might grow without bound; the embedded endpoint keeps today's.
func (f *Facts) Limits(e Endpoint) EndpointLimits {
	l := EndpointLimits{int64(f.Generation.MaxWire()), capture.MaxPlain, f.Event}
	switch {
	case f.Body > 0:
		l.Wire, l.Plain = f.Body, 5*f.Body
	case e == EndpointV1:
		l.Wire, l.Plain = capture.MaxWireV1, capture.MaxPlainV1
	}
	if f.Generation == capture.Generation2024 && e != EndpointV1 {
		l.Plain = capture.MaxPlain
	}
	return l
}

// The bounds of a pipeline.
const (
	maxPartitions = 100_000
	maxReplicas   = 10_000
	maxCost       = 1e6
)

func readCapacity(v value, f *Facts) {
	v.object(fields{
		"events": func(v value) {
			if f.Capacity = v.rate(); f.Capacity == 0 {
				v.fail("must be more than 0", "leave capacity out where it is not known")
			}
		},
		"from": func(v value) { f.Measured = oneOf(v, []string{"measured", "declared"}) == "measured" },
	})
	v.require("events")
}

func readLimits(v value, f *Facts) {
	v.object(fields{
		"body":             func(v value) { f.Body = v.bytes(1000, maxBatchBytes) },
		"event":            func(v value) { f.Event = v.bytes(1000, maxBatchBytes) },
		"overflow":         func(v value) { f.Overflow, f.KeepsOrder = readOverflow(v) },
		"per_minute":       func(v value) { f.PerMinute = readSwitchable(v) },
		"historical_after": func(v value) { f.HistoricalAfter = v.duration(time.Hour, 1000*24*time.Hour) },
		"replicas":         func(v value) { f.Replicas = int(v.count(1, maxReplicas)) },
	})
}

// isOff tells whether a limit is switched off.
func isOff(v value) bool { return v.node.Kind == yaml.ScalarNode && v.node.Value == "off" }

func readSwitchable(v value) int64 {
	if isOff(v) {
		return 0
	}
	return v.count(1, schedule.MaxEvents)
}

// readOverflow reads the word off, or a rate and a burst.
func readOverflow(v value) (l pipeline.Limit, keepsOrder bool) {
	if isOff(v) {
		return l, false
	}
	v.object(fields{
		"rate": func(v value) {
			rate := v.rate()
			l.PerSecond = int(min(rate, 1e9))
			if rate < 1 || rate != float64(l.PerSecond) {
				v.fail("must be a whole number of events a second", hintRate)
			}
		},
		"burst":       func(v value) { l.Burst = int(v.count(1, 1_000_000_000)) },
		"keeps_order": func(v value) { keepsOrder = v.flag() },
	})
	v.require("rate", "burst")
	return l, keepsOrder
}

func readCosts(v value, c *Costs) {
	v.object(fields{
		"events": func(v value) {
			v.entries(func(key value, name string, entry value) {
				if !plainName(name, maxEventName) {
					key.fail("must be the name of an event", "")
				}
				c.Events[name] = entry.number(0, maxCost)
			})
		},
		"apps": func(v value) { c.Apps = v.number(0, maxCost) },
	})
}
