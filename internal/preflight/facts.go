package preflight

import (
	"fmt"
	"maps"
	"os"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/facts"
	"rehearse/internal/permit"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
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

	pipeline.Facts // what is enforced behind the endpoint

	// bytes of a request on the wire; 0: that of the endpoint, see Limits
	Body  int64
	Event int64 // bytes of the Kafka message that one event becomes
	// older events take the historical lane; 0: only those of batches that say so
	HistoricalAfter time.Duration
	// of the endpoint, each with buckets of its own: computed as one as many times as large as
	// connections reach of them
	Replicas int

	Partitions int
	Hours      *facts.Hours  // nil: not said
	Service    time.Duration // how long the endpoint takes for a request
	Hazard     time.Duration // how far one partition may lag behind another

	doc  *strict.Document // nil: no file gives them
	read *facts.Reader    // where it gives overrides and restrictions
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

// DefaultFacts returns what is published of the service in November 2026 (see
// [pipeline.Published]; capture config.rs and integration_wire_body_limits.rs).
// Partitions, costs, service and hazard are not published: they are assumed.
func DefaultFacts() *Facts {
	return &Facts{
		Facts: *pipeline.Default(false),
		Event: capture.MaxEvent, Replicas: 1, Partitions: 64, Service: 100 * time.Millisecond,
		Hazard: 30 * time.Second,
	}
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
	r := facts.NewReader()
	fields := r.Fields(strict.Fields{
		"body":  func(v strict.Value) { f.Body = v.Bytes(1000, maxLimit) },
		"event": func(v strict.Value) { f.Event = v.Bytes(1000, maxLimit) },
		"historical_after": func(v strict.Value) {
			f.HistoricalAfter = v.Duration(time.Hour,
				1000*24*time.Hour)
		},
		"replicas": func(v strict.Value) { f.Replicas = int(v.Count(1, maxReplicas)) },
	})
	maps.Copy(fields, strict.Fields{
		"generation": func(v strict.Value) { f.Generation = r.Generation(v) },
		"hosts":      func(v strict.Value) { f.Hosts = permit.ReadHosts(v) },
		"capacity":   func(v strict.Value) { readCapacity(v, f) },
		"partitions": func(v strict.Value) { f.Partitions = int(v.Count(1, maxPartitions)) },
		"hours":      func(v strict.Value) { f.Hours = facts.ReadHours(v) },
		"service": func(v strict.Value) {
			f.Service = v.Duration(time.Millisecond,
				time.Minute)
		},
		"hazard": func(v strict.Value) { f.Hazard = v.Duration(0, time.Hour) },
	})
	if v.Object(fields) {
		f.Facts, f.read = *r.Facts(), r
		f.contradictions(v)
	}
}

// contradictions tells what the file says twice and otherwise.
func (f *Facts) contradictions(v strict.Value) {
	each := f.Costs.Partition
	if most := each * float64(f.Partitions); each > 0 && f.Capacity > most {
		v.Fail(fmt.Sprintf("a capacity of %s events/s is more than %d partitions do at %s each",
			text.Rate(f.Capacity), f.Partitions, text.Rate(each)), "change capacity, partitions or costs.partition")
	}
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
	maxLimit      = 100_000_000 // bytes
	maxCapacity   = 1e9         // events a second
)

func readCapacity(v strict.Value, f *Facts) {
	v.Object(strict.Fields{
		"events": func(v strict.Value) {
			switch f.Capacity = v.Rate(); {
			case f.Capacity == 0:
				v.Fail("must be more than 0", "leave capacity out where it is not known")
			case f.Capacity > maxCapacity:
				v.Fail("no pipeline takes a billion events a second", strict.HintRate)
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
	add("generation", string(f.Release), l.toldBy("generation"))
	add("limits.body", units.FormatBytes(int64(l.most.Wire))+", decompressed "+
		""+units.FormatBytes(int64(l.most.Plain)), Published)
	add("limits.event", units.FormatBytes(f.Event), Published)
	l.limitsText(add)
	add("limits.replicas", text.Count(f.Replicas), Assumed)
	add("partitions", text.Count(f.Partitions), embedded(l.s.Staging.Partitions > 0, Assumed))
	add("service", fmt.Sprintf("%d ms a request", f.Service/time.Millisecond), Assumed)
	if !inOrder(l.s) {
		add("order", fmt.Sprintf("1 request in %.0f takes %s longer than the others", 1/slowShare,
			seconds(slowness(f).Seconds())), Assumed)
	}
	add("hazard", seconds(f.Hazard.Seconds())+" between two partitions", Assumed)
	if f.Hours != nil {
		add("hours", f.Hours.String(), Assumed)
	}
	return all
}

// limitsText writes what holds for one id, and the rules.
func (l *checker) limitsText(add func(field, value string, otherwise Origin)) {
	f, off := l.facts, ""
	from := l.toldBy("overflow_limit", "pipeline.limits.overflow")
	if !f.Gives("limits.overflow") && from == Published && f.Overflow.On() {
		off = " (off by default)" // in capture: overflow_enabled (config.rs)
	}
	add("limits.overflow", bucketText(f.Overflow)+off, from)
	if f.Consumer.On() {
		add("limits.consumer", bucketText(f.Consumer), l.toldBy("pipeline.limits.consumer"))
	}
	if g := &f.Global; g.Events > 0 && !f.Import {
		add("limits.per_minute", globalText(g), l.toldBy("per_minute", "pipeline.limits.per_minute"))
	}
	if f.Import {
		add("mode", "import: drops other batches, no global limit", Embedded)
	}
	if n := len(f.Restrictions); n > 0 {
		add("restrictions", text.Count(n), Embedded)
	}
	if f.Quota > 0 {
		add("limits.quota", text.Count(f.Quota)+" events left for each project", Embedded)
	}
}

// toldBy tells whether the staging section gives a fact in one of its fields, or it is as
// published.
func (l *checker) toldBy(fields ...string) Origin {
	for _, field := range fields {
		if !l.file && l.s.Target.URL == "" && l.s.Gives("staging."+field) {
			return Embedded
		}
	}
	return Published
}

// globalText writes the global limit of one id.
func globalText(g *pipeline.GlobalLimit) string {
	said := fmt.Sprintf("%s events of one id in %s, synced every %s", text.Count(g.Events),
		units.FormatDuration(g.Window), units.FormatDuration(g.Sync))
	if n := len(g.Overrides); n > 0 {
		said += fmt.Sprintf("; %d overrides", n)
	}
	return said
}

// bucketText writes the limit of one id.
func bucketText(b pipeline.Bucket) string {
	if !b.On() {
		return "off"
	}
	said := fmt.Sprintf("%s/s, burst of %s for one id", text.Count(b.PerSecond), text.Count(b.Burst))
	if b.KeepsOrder {
		said += ", in order"
	}
	return said
}

// cured adds to findings what of the scenario cures them, and told what to tell the customer.
func cured(found []Finding, cures ...cure.Cure) []Finding {
	for i := range found {
		found[i].Cures = append(found[i].Cures, cure.Known(cures...)...)
	}
	return found
}

func told(found []Finding, words string) []Finding {
	for i := range found {
		found[i].Tell = words
	}
	return found
}

// margin is what a cure leaves below a limit: events do not come as evenly as the curve.
const margin = 0.95

// lower peaks at a rate, or a little below it.
func (l *checker) lower(rate float64) cure.Cure {
	return cure.Peak(l.s, l.load.Curve.Stages(), rate*margin)
}

// split spreads each hot id whose rate at the peak is over a rate over several ids.
func (l *checker) split(rate float64) cure.Cure {
	return cure.Split(l.s, l.load.Events, rate*margin/max(l.load.Curve.Peak(), 1e-9))
}
