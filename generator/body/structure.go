package body

import (
	"slices"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/deflate"
	"rehearse/scenario"
)

// Structure is what is known beforehand of the bodies of a run of synthesized events,
// and saves a compressor the search for what they repeat. It is not changed once made.
type Structure struct {
	code  *deflate.HuffmanCode
	keys  int   // of hints
	least int64 // events of a body that it is for
}

// structureLoss is how much larger than by a general compressor bodies may become.
const structureLoss = 1.1

// NewStructure learns from sample bodies, each of so many events with hints whose keys
// are below a number. It is a function of them alone. Nil: for bodies like these, or
// for a coding other than gzip and deflate, the general compressor does better.
func NewStructure(samples []deflate.TrainingText, events int64, keys int, c scenario.Compression) *Structure {
	if c != scenario.CompressionGzip && c != scenario.CompressionDeflate {
		return nil
	}
	s := &Structure{code: deflate.Train(samples, keys), keys: keys, least: (events + 1) / 2}
	general, _ := newCompressor(c)
	e := deflate.NewEncoder(s.code, keys)
	own, others := 0, 0
	for _, one := range samples {
		own += len(e.AppendGzip(nil, one.Text, one.Hints))
		others += len(compress(general, nil, one.Text))
	}
	if float64(own) > structureLoss*float64(others) {
		return nil
	}
	return s
}

// Use makes the bodies that follow be compressed by what is known of them. A nil
// structure knows nothing.
func (w *Builder) Use(s *Structure) {
	if s == nil {
		return
	}
	w.framing.known = s
	w.framing.encoder = deflate.NewEncoder(s.code, s.keys)
	w.TakeHints()
}

// TakeHints makes the builder note what its bodies repeat.
func (w *Builder) TakeHints() { w.Traffic.Hints = &traffic.Hints{} }

// Sample returns a copy of b, a body that was built last and is not compressed, for
// NewStructure.
func (w *Builder) Sample(b *Batch) deflate.TrainingText {
	return deflate.TrainingText{Text: slices.Clone(b.Body), Hints: slices.Clone(w.hints())}
}

// hints are what the body that was built last repeats.
func (w *Builder) hints() []deflate.Hint {
	if w.Traffic.Hints == nil {
		return nil
	}
	return w.Traffic.Hints.List
}

// pack appends plain, a body of so many events, to dst, compressed.
func (f *framing) pack(dst, plain []byte, events int64, hints []deflate.Hint) []byte {
	switch {
	case f.encoder == nil || events < f.known.least:
		return compress(f.zip, dst, plain)
	case f.coding == capture.Gzip:
		return f.encoder.AppendGzip(dst, plain, hints)
	}
	return f.encoder.AppendZlib(dst, plain, hints)
}
