package rehearsal

import (
	"testing"

	"pgregory.net/rapid"

	"rehearse/generator"
)

// What a permit allows of both streams is shared: the parts never add up to more, and a
// load that is within the whole is within its parts.
func TestPartsOfALimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		events := rapid.Int64Range(2, 1_000_000)
		mine, others := events.Draw(r, "mine"), events.Draw(r, "others")
		whole := generator.Limit{
			Events: mine + others + rapid.Int64Range(0, 1000).Draw(r, "more"), Batch: 100,
			Total: mine + others + rapid.Int64Range(0, 1000).Draw(r, "left"), Requests: 50,
		}
		share := float64(mine) / float64(mine+others)
		a, b := split(whole, share, share)
		if a.Events+b.Events > whole.Events || a.Total+b.Total > whole.Total || a.Requests+b.Requests > whole.Requests {
			t.Fatalf("%+v and %+v of %+v", a, b, whole)
		}
		if a.Total < mine || b.Total < others || a.Events < mine || b.Events < others {
			t.Fatalf("%+v and %+v of %d and %d events", a, b, mine, others)
		}
	})
}
