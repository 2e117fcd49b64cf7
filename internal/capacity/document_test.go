package capacity

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rehearse/internal/preflight"
	"rehearse/results"
)

// found is the document of a search of an endpoint that holds up to 5,000 events/s.
func found(t *testing.T, c Config, came func(Trial) Observation) *Document {
	t.Helper()
	s, err := NewSearch(c)
	if err != nil {
		t.Fatal(err)
	}
	for trial, ok := s.Next(); ok; trial, ok = s.Next() {
		o := came(trial)
		o.Took = trial.Length + time.Second
		o.Answered, o.Latency.P99, o.Latency.Mean = min(trial.Rate, 5000), 20+trial.Rate/100, 10+trial.Rate/500
		o.InFlight = o.Answered / 50 * o.Latency.Mean / 1000
		s.Observe(o)
	}
	return s.Document(Conditions{
		Scenario: "acme <import>", StartedAt: "2026-11-30T10:00:00Z",
		Target: "https://capture.staging.example", Build: "v1.2 \"x\"",
		Thresholds: []string{"p99 < 500ms", "rejected < 0.1%"}, Batch: "50", Connections: 64,
	})
}

// What is written keeps the schema, whatever the search came to.
func TestDocumentKeepsTheSchema(t *testing.T) {
	t.Parallel()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("capacity", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("capacity")
	if err != nil {
		t.Fatal(err)
	}
	for name, came := range map[string]func(Trial) Observation{
		"measured": upTo(5000), "never breaks": upTo(1e9), "breaks at once": upTo(0),
		"invalid": func(Trial) Observation { return Observation{Response: Invalid, Why: "busy", Disturbed: true} },
	} {
		var text bytes.Buffer
		if err := found(t, quick(), came).WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(&text)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The facts that are written are read by check, with the interval, and bind its hosts.
func TestFactsAreRead(t *testing.T) {
	t.Parallel()
	d := found(t, quick(), upTo(5000))
	var text bytes.Buffer
	if err := d.WriteFacts(&text); err != nil {
		t.Fatal(err)
	}
	f, err := preflight.ParseFacts("pipeline.yaml", text.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	m := &f.Measurement
	if !f.Measured || f.Capacity != m.From || m.From > 5000 || m.To < 5000 || m.Confidence != 0.95 ||
		m.Date != "2026-11-30" || m.Build != "v1.2 \"x\"" || !strings.Contains(m.Conditions, "p99 < 500ms") ||
		len(f.Hosts) != 1 {
		t.Errorf("%+v of\n%s", f, text.String())
	}
}

// A search that came to no number is not held against anything.
func TestForPipeline(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		answer Answer
		want   bool
	}{
		{Answer{End: Measured, Low: 1, High: 2}, true},
		{Answer{End: NeverBreaks, Low: 1}, true},
		{Answer{End: Interrupted, Low: 1, High: 2, Rough: true}, false},
		{Answer{End: Budget, Low: 1, High: 2}, true},
		{Answer{End: OwnLimit, Limit: 2000}, false},
		{Answer{End: Flaps, Low: 1, High: 2}, false},
		{Answer{End: BreaksAtOnce, High: 2}, false},
	} {
		if got := row.answer.ForPipeline(); got != row.want {
			t.Errorf("%+v: %v", row.answer, got)
		}
	}
}

// The picture is XML and marks the interval; the text has a row for each rate.
func TestPictureAndText(t *testing.T) {
	t.Parallel()
	d := found(t, quick(), upTo(5000))
	var svg, text bytes.Buffer
	if err := errors.Join(d.WriteSVG(&svg), d.WriteText(&text)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(svg.String(), "capacity "+d.Answer.Range()) || !strings.Contains(svg.String(), "knee") {
		t.Errorf("no interval, or no knee:\n%s", svg.String())
	}
	for decoder := xml.NewDecoder(&svg); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"capacity: " + d.Answer.Range(), "confirmed below and above", "knee",
		"recovered within", "v1.2"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

// Every end is told in a sentence, which never has a number that is not known.
func TestSentences(t *testing.T) {
	t.Parallel()
	asked := &Asked{Confidence: 0.95}
	for _, row := range []struct {
		answer Answer
		want   string
	}{
		{Answer{End: Measured, Low: 9650, High: 10100},
			"capacity: 9,650 to 10,100 events/s (4.6 % wide, 95 % confidence), confirmed below and above"},
		{Answer{End: NeverBreaks, Low: 5000},
			"capacity: more than 5,000 events/s, the highest rate that was allowed: it never broke"},
		{Answer{End: BreaksAtOnce, High: 50},
			"capacity: less than 50 events/s, the lowest rate that was allowed: it broke at once"},
		{Answer{End: OwnLimit, Limit: 8000, Why: "the generator fell behind"},
			"invalid, our own limit: 8,000 events/s. The generator gets no further, so nothing is known of the " +
				"endpoint there: the generator fell behind"},
		{Answer{End: Budget, Low: 100, High: 200},
			"the budget is used up: capacity 100 to 200 events/s (71 % wide, 95 % confidence), not confirmed"},
		{Answer{End: Budget, Low: 100, High: 200, Rough: true},
			"the budget is used up: one short trial held at 100 events/s, and one broke at 200"},
		{Answer{End: Interrupted, Why: "stopped by a signal"}, "stopped by a signal: nothing is known of the capacity"},
		{Answer{End: NoRate, Why: "not met: p99 < 1ms was 3.2 ms"},
			"no capacity: the thresholds are not met at any rate, and a lower one brings them no closer: not met: " +
				"p99 < 1ms was 3.2 ms"},
	} {
		if got := row.answer.Sentence(asked); got != row.want {
			t.Errorf("%s\nwant %s", got, row.want)
		}
	}
}

// The knee is where throughput for the latency is best.
func TestKnee(t *testing.T) {
	t.Parallel()
	point := func(rate, mean float64) Point { return Point{Rate: rate, Answered: rate, Latency: Latency{Mean: mean}} }
	for _, row := range []struct {
		name   string
		points []Point
		want   float64
	}{
		{"sharp", []Point{point(1, 10), point(2, 10), point(4, 11), point(5, 100)}, 4},
		{"soft", []Point{point(1, 10), point(2, 12), point(3, 20), point(4, 50)}, 2},
		{"too few", []Point{point(1, 10), point(2, 12)}, 0},
	} {
		if got := kneeOf(row.points); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// Trials that nobody can judge, because a metric is not told, end the search as that, and are
// neither the generator's limit nor the fault of others on its machine.
func TestNotJudged(t *testing.T) {
	t.Parallel()
	d := found(t, quick(), func(Trial) Observation {
		return Observation{Response: Invalid, Why: "not known: metric(lag) < 100", Unknown: true}
	})
	if a := d.Answer; a.End != NotJudged || len(d.Trials) != mostUnknown || a.Limit != 0 || a.ForPipeline() ||
		!strings.Contains(a.Sentence(&d.Asked), "could not be judged, and say nothing of the endpoint: not known: metric(lag)") {
		t.Errorf("%d trials, %+v", len(d.Trials), d.Answer)
	}
	queues := []*results.Queue{
		{Metric: "lag", Because: "it is down"}, {Metric: "lag", Most: 50, Drained: new(2.5)},
		{Metric: "lag", Most: 90, Last: 90},
	}
	for i := range d.Trials {
		d.Trials[i].Queue = queues[i]
	}
	notes := strings.Join(d.notes(), "\n")
	for _, want := range []string{"is not known after 1 trial: it is down", "did not get back to where it was after 1 trial",
		"was 50 at most, and back where it was within 2.50 s"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in %q", want, notes)
		}
	}
}
