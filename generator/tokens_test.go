package generator

import (
	"encoding/json"
	"testing"
	"time"
)

// TestTokens: batches bear the tokens by weight, one each, and the parts of a
// batch that is split by its bytes bear the same.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := parse(t, `
name: projects
load: {profile: "const(8000, 1s)"}
target: {compression: none}
batching: {events: 10, bytes: 1kB}
traffic:
  tokens: [{token: phc_never, weight: 0}, {token: phc_one, weight: 3}, {token: phc_two}]
  events: {a: {from: server}}
`)
	y, plan := NewSynth(s)
	w := newWorkbench(s, time.Unix(0, 0))
	got := map[string]int{}
	split := 0
	for range plan.Requests {
		b := newBatch()
		if err := y.Next(b); err != nil {
			t.Fatal(err)
		}
		y.Build(b, w)
		token := ""
		for part := b; part != nil; part = part.rest {
			var body struct {
				Key string `json:"api_key"`
			}
			if err := json.Unmarshal(part.Body, &body); err != nil {
				t.Fatal(err)
			}
			if token != "" && body.Key != token {
				t.Fatalf("parts of a batch bear %s and %s", token, body.Key)
			}
			if token != "" {
				split++
			}
			token = body.Key
		}
		got[token]++
	}
	// Of 800 batches three quarters; five standard deviations are 61.
	if one := got["phc_one"]; len(got) != 2 || one < 539 || one > 661 || split == 0 {
		t.Errorf("batches by token: %v (%d parts), want 600 and 200", got, split)
	}
}
