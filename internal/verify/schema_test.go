package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"rehearse/scenario"
)

// TestSchema: reports of all kinds are as the schema says, and are read as they were
// written.
func TestSchema(t *testing.T) {
	t.Parallel()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("verify.schema.json", text); err != nil {
		t.Fatal(err)
	}
	schema := c.MustCompile("verify.schema.json")
	for name, do := range map[string]func(p *planted) error{
		"whole":     func(*planted) error { return nil },
		"truncated": func(p *planted) error { p.rows = p.rows[:10]; return errors.New("it breaks off") },
		"altered": func(p *planted) error {
			p.rows[3].Name = []byte("other")
			p.rows = append(p.rows, Row{Unusable: NoUUID}, p.rows[0], p.rows[0])
			return nil
		},
		"untimed": func(p *planted) error {
			for i := range p.rows {
				p.rows[i] = Row{UUID: p.rows[i].UUID}
			}
			p.run.Notes = []Note{{Code: NoteDamage, Text: "ledger is damaged at byte 12"}}
			return nil
		},
	} {
		p := plant(t, load(t, 1000, ""))
		end := do(p)
		r, err := Hold(context.Background(), context.Background(), p.run, p.source(end),
			Options{Thresholds: Implied(), Persons: p.source(end)})
		if err != nil {
			t.Fatal(err)
		}
		written, err := r.Report.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(written, &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v\n%s", name, err, written)
		}
		read, err := Parse(written)
		if err != nil || cmp.Diff(&r.Report, read) != "" {
			t.Errorf("%s: %v: %s", name, err, cmp.Diff(&r.Report, read))
		}
	}
	if _, err := Parse([]byte(`{"format":"rehearse/verify/v0"}`)); err == nil {
		t.Error("a report of another format is read")
	}
}

// TestThresholds: what a threshold says is read, and what it cannot say is refused with
// the reason.
func TestThresholds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Threshold{
		"lost == 0":           {Measure: "lost", Op: "=="},
		"duplicated < 0.01%":  {Measure: "duplicated", Op: "<", Value: 0.0001, Share: true},
		" misordered <= 1k ":  {Text: "misordered <= 1k", Measure: "misordered", Op: "<=", Value: 1000},
		"visible p95 < 30s":   {Measure: "visible", Of: "p95", Op: "<", Value: 30_000},
		"visible drain != 5m": {Measure: "visible", Of: "drain", Op: "!=", Value: 300_000},
		"taken>=1":            {Measure: "taken", Op: ">=", Value: 1},
		"foreign > 0":         {Measure: "foreign", Op: ">"},
		"altered == 0":        {Measure: "altered", Op: "=="},
	} {
		if want.Text == "" {
			want.Text = text
		}
		if got, err := scenario.ParseArrival(text); err != nil || got != want {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	}
	for text, reason := range map[string]string{
		"lost":              "a comparison such as < is missing",
		"gone == 0":         "want one of lost, duplicated",
		"lost =< 0":         "unknown comparison",
		"visible p90 < 1s":  "or visible with p50",
		"visible p95 < 30%": "30%",
		"lost == many":      "many",
		"lost == -1":        "-1",
	} {
		if got, err := scenario.ParseArrival(text); err == nil || !bytes.Contains([]byte(err.Error()), []byte(reason)) {
			t.Errorf("%q is read as %+v, %v; want %q", text, got, err, reason)
		}
	}
	if len(Implied()) != 3 {
		t.Error("an implied threshold is not read")
	}
	for _, i := range Implied() {
		if i.Op == "" {
			t.Errorf("the implied threshold %q is not read", i.Text)
		}
	}
}
