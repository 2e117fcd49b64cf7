package deflate

import (
	"cmp"
	"math/bits"
	"slices"
)

// TrainingText is a text that a code is made for.
type TrainingText struct {
	Text  []byte
	Hints []Hint
}

// Train makes a code from samples of what will be compressed, with hints whose keys are
// below a number. It is a function of them alone.
func Train(samples []TrainingText, keys int) *HuffmanCode {
	var literals [literalSymbols]int
	var distances [distanceSymbols]int
	e := NewEncoder(nil, keys)
	for _, s := range samples {
		next := int32(0)
		count := func(text []byte) {
			for _, x := range text {
				literals[x]++
			}
		}
		for _, m := range e.find(s.Text, s.Hints) {
			count(s.Text[next:m.at])
			length, _, _ := lengthSymbol(m.length)
			way, _, _ := distanceSymbol(m.distance)
			literals[length]++
			distances[way]++
			next = m.at + m.length
		}
		count(s.Text[next:])
		literals[endOfBlock]++
	}
	return newCode(&literals, &distances)
}

// codeLengths returns how long the Huffman code of each symbol is, in bits and at most
// limit, for symbols that come so often. Where it would be longer, rare symbols are
// taken to be less rare. Every symbol gets a code.
func codeLengths(often []int, limit int) []int {
	weights := make([]int, len(often))
	for i, n := range often {
		weights[i] = n + 1
	}
	for {
		lengths := huffman(weights)
		if slices.Max(lengths) <= limit {
			return lengths
		}
		for i, w := range weights {
			weights[i] = w/2 + 1
		}
	}
}

// huffman returns the depths of the leaves of a Huffman tree (D. A. Huffman 1952, by
// two queues: leaves in order of weight, and the nodes made of them, which come in
// order by themselves). There are at least two weights.
func huffman(weights []int) []int {
	n := len(weights)
	leaves := make([]int, n)
	for i := range leaves {
		leaves[i] = i
	}
	slices.SortStableFunc(leaves, func(a, b int) int { return cmp.Compare(weights[a], weights[b]) })
	all := slices.Clone(weights) // of leaves, then of nodes
	parent := make([]int, n, 2*n)
	node := n
	lightest := func() (i int) {
		if len(leaves) > 0 && (node == len(all) || all[leaves[0]] <= all[node]) {
			i, leaves = leaves[0], leaves[1:]
			return i
		}
		node++
		return node - 1
	}
	for range n - 1 {
		a, b := lightest(), lightest()
		parent[a], parent[b] = len(all), len(all)
		all, parent = append(all, all[a]+all[b]), append(parent, 0)
	}
	depths := make([]int, len(all))
	for i := len(all) - 2; i >= 0; i-- {
		depths[i] = depths[parent[i]] + 1
	}
	return depths[:n]
}

// canonical returns the codes that lengths stand for (RFC 1951, section 3.2.2), turned
// around as they are written. A length of 0 is no code.
func canonical(lengths []int) []word {
	var count, next [16]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n < len(next); n++ {
		next[n] = (next[n-1] + count[n-1]) << 1
	}
	words := make([]word, len(lengths))
	for i, n := range lengths {
		if n > 0 {
			words[i] = newWord(uint32(bits.Reverse16(uint16(next[n])))>>(16-n), n)
			next[n]++
		}
	}
	return words
}

// repeats writes lengths of codes as the symbols of RFC 1951, section 3.2.7, of which
// 16 says that the one before comes 3 to 6 times more. No length is 0.
func repeats(lengths []int) (symbols, times []int) {
	for i := 0; i < len(lengths); {
		n := 1
		for i+n < len(lengths) && lengths[i+n] == lengths[i] {
			n++
		}
		symbols, times = append(symbols, lengths[i]), append(times, 0)
		i += n
		for n--; n >= 3; {
			again := min(n, 6)
			symbols, times = append(symbols, 16), append(times, again)
			n -= again
		}
		i -= n // too few to be said so
	}
	return symbols, times
}

// blockHead begins the last block of a stream, one with codes of these lengths (RFC
// 1951, section 3.2.7). The last byte has so many bits.
func blockHead(literals, distances []int) (head []byte, last int) {
	symbols, times := repeats(slices.Concat(literals, distances))
	often := make([]int, 19)
	for _, s := range symbols {
		often[s]++
	}
	lengths := codeLengths(often, 7)
	words := canonical(lengths)
	w := headWriter{}
	w.put(1, 1) // the last block
	w.put(2, 2) // with codes of its own
	w.put(len(literals)-257, 5)
	w.put(len(distances)-1, 5)
	w.put(19-4, 4)
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		w.put(lengths[i], 3)
	}
	for i, s := range symbols {
		w.put(int(words[s].bits()), int(words[s].size()))
		if s == 16 {
			w.put(times[i]-3, 2)
		}
	}
	if w.bits%8 == 0 {
		w.bytes = append(w.bytes, 0)
	}
	return w.bytes, w.bits % 8
}

// headWriter writes bits one by one.
type headWriter struct {
	bytes []byte
	bits  int
}

// put writes the low n bits of value, the lowest first.
func (w *headWriter) put(value, n int) {
	for i := range n {
		if w.bits%8 == 0 {
			w.bytes = append(w.bytes, 0)
		}
		w.bytes[len(w.bytes)-1] |= byte(value>>i&1) << (w.bits % 8)
		w.bits++
	}
}
