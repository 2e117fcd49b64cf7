package rng

// Inverse finds the index of a stream of one seed by its first number.
type Inverse struct{ base uint64 }

// NewInverse returns the inverse of the streams of a seed.
func NewInverse(seed uint64) Inverse { return Inverse{Mix(seed + Gamma)} }

// Index returns the one index whose stream begins with the number first. It undoes
// NewStream and Uint64, of which every step is a bijection.
func (v Inverse) Index(first uint64) uint64 {
	return (unmix(unmix(first)-Gamma) - v.base) * 0xf1de83e19937733d // 1/Gamma modulo 2^64
}

// unmix undoes Mix: the factors are the inverses of its own modulo 2^64.
func unmix(z uint64) uint64 {
	z = (z ^ z>>31 ^ z>>62) * 0x319642b2d24d8ec3
	z = (z ^ z>>27 ^ z>>54) * 0x96de1b173f119089
	return z ^ z>>30 ^ z>>60
}
