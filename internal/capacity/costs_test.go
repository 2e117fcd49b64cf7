package capacity

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// costsOf are the documents of searches that found these capacities, each as an interval of
// four percent.
func costsOf(best ...float64) (documents []*Document) {
	for _, c := range best {
		d := &Document{Conditions: Conditions{Scenario: "a", StartedAt: "2026-11-30T10:00:00Z", Build: "v1"}}
		d.Answer = Answer{End: Measured, Confirmed: true, Low: c * 0.98, High: c * 1.02, Best: c}
		documents = append(documents, d)
	}
	return documents
}

// A pipeline that takes so many plain events, and one of a kind for so many plain ones, is
// found out from what it takes of a mix; the bounds hold the weight.
func TestWeighCosts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		variants := Variants()
		plain := rapid.Float64Range(100, 1e5).Draw(r, "plain")
		weight := rapid.Float64Range(0.3, 30).Draw(r, "weight")
		capacities := []float64{plain}
		for _, v := range variants[1:] {
			capacities = append(capacities, plain/(1-v.Share+v.Share*weight))
		}
		costs := WeighCosts(variants, costsOf(capacities...))
		for _, row := range costs.Rows[1:] {
			if math.Abs(row.Weight-weight) > 1e-6*weight || row.Least > weight || row.Most < weight {
				r.Fatalf("%s: %v (%v to %v), want %v", row.Name, row.Weight, row.Least, row.Most, weight)
			}
		}
		if !costs.Complete() {
			r.Fatal("all is known")
		}
	})
}

// A weight of a search that came to nothing is not known, and is not written as a fact.
func TestCostsNotKnown(t *testing.T) {
	t.Parallel()
	documents := costsOf(2000, 400, 1000, 1500)
	documents[2].Answer = Answer{End: OwnLimit, Limit: 1000}
	costs := WeighCosts(Variants(), documents)
	var text, facts bytes.Buffer
	if err := costs.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := costs.WriteFacts(&facts); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"    $identify: 9 # 8.61 to 9.41 by the intervals\n", "    # $create_alias: not known (own-limit)\n",
		"    $set: 1.33 # ", `build "v1"`} {
		if !strings.Contains(facts.String(), want) {
			t.Errorf("the facts lack %q:\n%s", want, &facts)
		}
	}
	if !strings.Contains(text.String(), "own-limit") || costs.Complete() {
		t.Errorf("%s", &text)
	}
	documents[0].Answer = Answer{End: NeverBreaks, Low: 5000}
	costs = WeighCosts(Variants(), documents)
	facts.Reset()
	if err := costs.WriteFacts(&facts); err != nil || !strings.Contains(facts.String(), "    {}\n") {
		t.Errorf("%v\n%s", err, &facts)
	}
}
