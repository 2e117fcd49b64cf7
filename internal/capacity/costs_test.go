package capacity

import (
	"bytes"
	"cmp"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/preflight"
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

// Searches in virtual time, one for each kind of traffic, of an endpoint that has a cost for each:
// what was planted lies within the bounds that are told, and check reads the weights.
func TestCostsFoundAgain(t *testing.T) {
	t.Parallel()
	planted := map[string]float64{"$identify": 8, "$create_alias": 12, "$set": 2.5}
	const plain = 6000.0
	held, all := 0, 0
	for seed := range uint64(2) { // of 20, the bounds held 140 of 140 weights
		variants := Variants()
		var documents []*Document
		for i, v := range variants {
			weight := cmp.Or(planted[v.Event], 1)
			e := kinds()["sharp knee"](plain / (1 - v.Share + v.Share*weight))
			e.noise, e.rng = noise{width: 0.01}, rand.New(rand.NewPCG(seed, uint64(i)))
			documents = append(documents, searched(t, e))
		}
		costs := WeighCosts(variants, documents)
		for i := range costs.Rows[1:] {
			row, want := &costs.Rows[i+1], cmp.Or(planted[costs.Rows[i+1].Event], 1)
			all++
			if row.Least <= want && want <= row.Most {
				held++
			}
			if row.Weight < want*0.85 || row.Weight > want*1.15 {
				t.Errorf("seed %d, %s: %v (%v to %v), planted %v", seed, row.Name, row.Weight, row.Least, row.Most, want)
			}
		}
		if seed > 0 {
			continue
		}
		var facts bytes.Buffer
		if err := costs.WriteFacts(&facts); err != nil {
			t.Fatal(err)
		}
		read, err := preflight.ParseFacts("pipeline.yaml", facts.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, &facts)
		}
		for name, want := range planted {
			if got := read.Costs.Of(name); math.Abs(got-want) > 0.15*want {
				t.Errorf("check reckons %s as %v, planted %v", name, got, want)
			}
		}
	}
	t.Logf("the bounds hold the planted weight in %d of %d", held, all)
	if held < all*95/100 {
		t.Errorf("the bounds hold the planted weight in %d of %d", held, all)
	}
}

// searched is the document of a search of an endpoint in virtual time.
func searched(t *testing.T, e *endpoint) *Document {
	t.Helper()
	s, err := NewSearch(Config{From: 50, To: 1e6, First: 200, Precision: 0.05, Confidence: 0.95, Budget: time.Hour,
		Length: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for trial, ok := s.Next(); ok; trial, ok = s.Next() {
		s.Observe(e.trial(trial))
	}
	return s.Document(Conditions{Scenario: "a", StartedAt: "2026-11-30T10:00:00Z"})
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
