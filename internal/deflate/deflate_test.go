package deflate

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const keys = 16

// hintsOf takes bytes for hints, in the order of their places.
func hintsOf(from []byte, size int) (hints []Hint) {
	at := 0
	for ; len(from) >= 2; from = from[2:] {
		if at += int(from[0]); at >= size {
			break
		}
		hints = append(hints, Hint{uint32(at), uint32(from[1] % keys)})
	}
	return hints
}

// unpacked reads a stream to its end, with the readers of the standard library.
func unpacked(t interface{ Fatalf(string, ...any) }, r io.Reader, err error) []byte {
	if err != nil {
		t.Fatalf("%v", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return text
}

// holdTo compresses text in both wraps and reads it back.
func holdTo(t interface{ Fatalf(string, ...any) }, e *Encoder, text []byte, hints []Hint) {
	packed := e.AppendGzip([]byte("before"), text, hints)[len("before"):]
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if got := unpacked(t, r, err); !bytes.Equal(got, text) {
		t.Fatalf("%d bytes with %v are read as others: %d", len(text), hints, len(got))
	}
	wrapped, err := zlib.NewReader(bytes.NewReader(e.AppendZlib(nil, text, hints)))
	if got := unpacked(t, wrapped, err); !bytes.Equal(got, text) {
		t.Fatalf("%d bytes with %v are read from zlib as others: %d", len(text), hints, len(got))
	}
}

// TestAnyText: whatever the text, the hints and the sample that the code was made for,
// standard readers read back what was written.
func TestAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := []string{"a", "bc", `"event":"`, "0123456789abcdef", "\x00\xff", strings.Repeat("a", 23)}
		text := func(label string) (all []byte) {
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, label), 0))
			for range r.IntN(1 << rapid.IntRange(0, 13).Draw(t, "words of "+label)) {
				all = append(all, words[r.IntN(len(words))]...)
			}
			return all
		}
		sample := text("sample")
		trained := hintsOf(rapid.SliceOf(rapid.Byte()).Draw(t, "trained"), len(sample))
		e := NewEncoder(Train([]TrainingText{{sample, trained}}, keys), keys)
		for range 2 { // what is kept of the first does not harm the second
			one := text("text")
			holdTo(t, e, one, hintsOf(rapid.SliceOf(rapid.Byte()).Draw(t, "hints"), len(one)))
		}
	})
}

// TestLongMatches: a match of any length and distance is written in pieces that a
// reader takes.
func TestLongMatches(t *testing.T) {
	t.Parallel()
	e := NewEncoder(Train(nil, keys), keys)
	for _, length := range []int{4, 5, 257, 258, 259, 260, 261, 515, 516, 517, 518, 519, 40_000} {
		for _, distance := range []int{1, 2, 4, 5, 256, 257, 258, 24_576, 24_577, 32_767, 32_768, 32_769} {
			text := bytes.Repeat([]byte{'x'}, distance+length)
			for i := range min(distance, 1000) {
				text[i] = byte(i * i >> 3)
			}
			copy(text[distance:], text[:length])
			holdTo(t, e, append(text, "end"...), []Hint{{0, 3}, {uint32(distance), 3}})
		}
	}
}

// TestSymbols holds the numbers of lengths and distances to the tables of RFC 1951,
// section 3.2.5.
func TestSymbols(t *testing.T) {
	t.Parallel()
	lengths := []int32{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	for i, from := range lengths {
		if symbol, value, _ := lengthSymbol(from); symbol != 257+i || value != 0 {
			t.Errorf("length %d is symbol %d with %d behind it, want %d with 0", from, symbol, value, 257+i)
		}
	}
	distances := []int32{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	for i, from := range distances {
		if symbol, first, _ := distanceSymbol(from); symbol != i || int32(first) != from {
			t.Errorf("distance %d is symbol %d from %d on, want %d from %d on", from, symbol, first, i, from)
		}
	}
}

// TestCodeLengths: no code is longer than its bound, every symbol has one, and together
// they leave no bits unused, as readers demand.
func TestCodeLengths(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		often := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 1<<40)), 2, literalSymbols).Draw(t, "often")
		sum := 0
		for _, n := range codeLengths(often, longestCode) {
			if n < 1 || n > longestCode {
				t.Fatalf("a code of %d bits", n)
			}
			sum += 1 << (longestCode - n)
		}
		if sum != 1<<longestCode {
			t.Fatalf("the codes take %d of %d", sum, 1<<longestCode)
		}
	})
}

func TestDoesNotAllocate(t *testing.T) {
	text := bytes.Repeat([]byte(`{"event":"view","n":123}`), 100)
	var hints []Hint
	for i := range 100 {
		hints = append(hints, Hint{uint32(i * 24), 1})
	}
	e := NewEncoder(Train([]TrainingText{{text, hints}}, keys), keys)
	packed := e.AppendGzip(nil, text, hints)
	if n := testing.AllocsPerRun(100, func() { packed = e.AppendGzip(packed[:0], text, hints) }); n != 0 {
		t.Errorf("compressing allocates %v times", n)
	}
	if len(packed) > len(text)/8 {
		t.Errorf("%d bytes became %d", len(text), len(packed))
	}
}

func FuzzEncoder(f *testing.F) {
	f.Add([]byte("a sample, a sample"), []byte("text and text"), []byte{0, 1, 9, 1})
	f.Add([]byte{}, binary.LittleEndian.AppendUint64(nil, 1<<63), []byte{0, 0, 1, 0, 1, 0})
	f.Fuzz(func(t *testing.T, sample, text, hints []byte) {
		e := NewEncoder(Train([]TrainingText{{sample, hintsOf(hints, len(sample))}}, keys), keys)
		holdTo(t, e, text, hintsOf(hints, len(text)))
	})
}
