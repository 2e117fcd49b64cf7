package whatif_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rehearse/internal/preflight"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/preflight/whatif"
)

// report makes up a report with findings of these ids.
func report(cures map[string][]cure.Cure, ids ...string) *preflight.Report {
	r := &preflight.Report{Scenario: "made-up", Verdict: preflight.Go, Plan: preflight.Plan{Seconds: 90, PeakEvents: 1000}}
	for _, id := range ids {
		r.Findings = append(r.Findings, preflight.Finding{ID: id, Severity: preflight.SeverityNote, Cures: cures[id]})
	}
	return r
}

// Four cures of three findings: one makes two of them go, one does not help, one changes
// the same field as a better one, and one makes the scenario wrong.
func tried(t *testing.T) *whatif.Table {
	t.Helper()
	peak, lower := cure.Set("peak at 500", "load.profile", "p500"), cure.Set("peak at 100", "load.profile", "p100")
	batch, wrong := cure.Set("larger batches", "batching.events", "100"), cure.Set("nonsense", "retry", "it's")
	cures := map[string][]cure.Cure{"hot-ids": {peak, lower}, "late-id": {peak}, "batch-small": {batch, wrong}}
	before := report(cures, "hot-ids", "late-id", "batch-small", "batch-small", "apps")
	return whatif.Try(before, func(set []string) (*preflight.Report, error) {
		left := []string{"apps"}
		if !slices.Contains(set, "batching.events=100") {
			left = append(left, "batch-small")
		}
		switch {
		case slices.Contains(set, "retry=it's"):
			return nil, errors.New("a.yaml:1:1: retry: wrong")
		case slices.Contains(set, "load.profile=p500"):
			left = append(left, "late-id")
		case slices.Contains(set, "load.profile=p100"):
			left = append(left, "no-end")
		default:
			left = append(left, "hot-ids", "late-id")
		}
		return report(cures, left...), nil
	})
}

func TestTry(t *testing.T) {
	t.Parallel()
	table := tried(t)
	var got []string
	for _, one := range table.Trials {
		got = append(got, one.What+": "+strings.Join(one.Of, " ")+" -"+strings.Join(one.Gone, " ")+" +"+strings.Join(one.New, " "))
	}
	want := []string{
		"peak at 500: hot-ids late-id -hot-ids +", "peak at 100: hot-ids -hot-ids late-id +no-end",
		"larger batches: batch-small -batch-small +", "nonsense: batch-small - +",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if both := table.Together; both == nil || !slices.Equal(both.Set, []string{"load.profile=p500", "batching.events=100"}) ||
		!slices.Equal(both.After.Findings, []string{"apps", "late-id"}) {
		t.Errorf("together: %+v", both)
	}
	if !slices.Equal(table.Without, []string{"apps"}) || table.Failed() == nil || !strings.Contains(table.Failed().Error(), "retry=it's") {
		t.Errorf("%v %v", table.Without, table.Failed())
	}
}

// The table fits a terminal, and its changes can be pasted into a shell.
func TestText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := tried(t).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nas it is                             1m30s     1,000           0        0s         0              0\n",
		"\n4  nonsense                      cannot be tried\n", "\n   --set 'retry=it'\\''s'\n",
		"\n1 peak at 500: removes hot-ids; verdict go\n", "brings no-end", "no change of the scenario is known for: apps\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
	for line := range strings.Lines(b.String()) {
		if len(line) > 101 {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
	b.Reset()
	if err := whatif.Try(report(nil, "apps"), nil).WriteText(&b); err != nil || !strings.Contains(b.String(), "no finding names a change") {
		t.Errorf("%v:\n%s", err, b.String())
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(whatif.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("whatif.json", tree); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("whatif.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []*whatif.Table{tried(t), whatif.Try(report(nil), nil)} {
		var text bytes.Buffer
		if err := table.WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&text)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Error(err)
		}
	}
}
