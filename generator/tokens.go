package generator

import (
	"sort"

	"rehearse/internal/rng"
	"rehearse/scenario"
)

// tokens are those of several projects. Which one a batch bears is drawn from
// the seed and the number of its first event; a batch that is split because of
// its bytes keeps it.
type tokens struct {
	seed   uint64
	text   []string
	upTo   []float64 // sums of the weights
	weight float64
}

// newTokens prepares the draws, nil if there is but the target's token.
func newTokens(t *scenario.Traffic) *tokens {
	if len(t.Tokens) == 0 {
		return nil
	}
	k := &tokens{seed: t.Seed ^ tokenSalt}
	for _, share := range t.Tokens {
		k.weight += share.Weight
		k.text = append(k.text, share.Token.Reveal())
		k.upTo = append(k.upTo, k.weight)
	}
	return k
}

// of returns the token of the batch that begins with event first.
func (k *tokens) of(first int64) string {
	s := rng.NewStream(k.seed, uint64(first))
	x := s.Float64() * k.weight
	return k.text[sort.Search(len(k.upTo)-1, func(i int) bool { return x < k.upTo[i] })]
}

// tokenSalt keeps the draws of tokens apart from all others.
const tokenSalt = 0x2f6d63a1c4b85e97
