package rundir

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/results"
)

// planOf draws a run: consecutive requests from event 0 on, each with a fate.
func planOf(t *rapid.T) []results.Range {
	var plan []results.Range
	var first int64
	for _, count := range rapid.SliceOfN(rapid.Int64Range(1, 1000), 1, 100).Draw(t, "events of each request") {
		fate := capture.Fate(rapid.IntRange(0, int(capture.FateMayBeStored)).Draw(t, "fate"))
		plan = append(plan, results.Range{First: first, Count: count, Fate: fate})
		first += count
	}
	return plan
}

// Whatever the order in which requests end and the ticks fall, the ledger is the
// plan: every event once, with its fate.
func TestLedgerIsThePlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plan := planOf(t)
		ended := rapid.Permutation(plan).Draw(t, "order of ending")
		file, w := []byte(ledgerHeader("run")), ledgerWriter{}
		for some := range slices.Chunk(ended, rapid.IntRange(1, 20).Draw(t, "requests a tick")) {
			some = slices.Clone(some)
			file = w.append(file, joined(t, some))
		}
		got, err := ReadLedger(bytes.NewReader(file))
		if err != nil || len(got.Damage) > 0 || got.Whole != int64(len(file)) || got.Bytes != got.Whole ||
			got.Segments != int64(w.segments) {
			t.Fatalf("%+v, error %v", got, err)
		}
		if want := joined(t, slices.Clone(plan)); !slices.Equal(got.Ranges, want) {
			t.Errorf("ledger %v, want %v", got.Ranges, want)
		}
	})
}

// joined are ranges in their order, neighbours of one fate joined.
func joined(t rapid.TB, ranges []results.Range) []results.Range {
	t.Helper()
	all, err := results.Disjoint(ranges)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ledgerOf is a ledger with a segment for each of the lists, and where each of them
// begins; the last is its length.
func ledgerOf(segments ...[]results.Range) (file []byte, ends []int) {
	file = []byte(ledgerHeader("run"))
	w := ledgerWriter{}
	ends = []int{len(file)}
	for _, ranges := range segments {
		file = w.append(file, ranges)
		ends = append(ends, len(file))
	}
	return file, ends
}

// plainLedger is a ledger of version 1.
func plainLedger(segments ...[]results.Range) (file []byte, ends []int) {
	file = []byte(ledgerName + "\x01")
	ends = []int{len(file)}
	for _, ranges := range segments {
		payload, end := binary.AppendUvarint(nil, uint64(len(ranges))), int64(0)
		for _, r := range ranges {
			payload = binary.AppendVarint(payload, r.First-end)
			payload = binary.AppendUvarint(payload, uint64(r.Count)*4+uint64(r.Fate))
			end = r.End()
		}
		file = binary.LittleEndian.AppendUint32(file, uint32(len(payload)))
		file = binary.LittleEndian.AppendUint32(file, crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)))
		file = append(file, payload...)
		ends = append(ends, len(file))
	}
	return file, ends
}

// threeSegments is a ledger in which everything occurs.
var threeSegments = [][]results.Range{
	{{First: 0, Count: 10, Fate: 1}, {First: 10, Count: 5, Fate: 2}},
	{{First: 20, Count: 10, Fate: 1}},
	{{First: 15, Count: 5, Fate: 3}, {First: 30, Count: 1, Fate: 0}},
}

// A ledger cut anywhere gives the segments before the cut, and says where they end.
func TestLedgerCutAnywhere(t *testing.T) {
	t.Parallel()
	for version, of := range map[int]func(...[]results.Range) ([]byte, []int){
		ledgerPlain:  plainLedger,
		ledgerMarked: ledgerOf,
	} {
		file, ends := of(threeSegments...)
		for cut := range len(file) + 1 {
			got, err := ReadLedger(bytes.NewReader(file[:cut]))
			if err != nil {
				t.Fatalf("version %d cut at %d: %v", version, cut, err)
			}
			var want []results.Range
			whole := 0
			for i, end := range ends {
				if cut >= end {
					whole = end
					want = slices.Concat(threeSegments[:i]...)
				}
			}
			if got.Whole != int64(whole) || got.Bytes != int64(cut) || len(got.Damage) > 0 {
				t.Errorf("version %d cut at %d: %+v, want whole up to %d", version, cut, got, whole)
			}
			if !slices.Equal(got.Ranges, joined(t, want)) {
				t.Errorf("version %d cut at %d: %v, want %v", version, cut, got.Ranges, want)
			}
		}
	}
}

func TestLedgerRefuses(t *testing.T) {
	t.Parallel()
	twice, _ := ledgerOf([]results.Range{{First: 0, Count: 10, Fate: 1}, {First: 9, Count: 1, Fate: 1}})
	empty, _ := plainLedger([]results.Range{{First: 0, Count: 0, Fate: 1}})
	newer := []byte(ledgerHeader("run"))
	newer[len(ledgerName)] = 3
	for _, c := range []struct {
		name string
		file []byte
		want string
		is   error
	}{
		{"another file", []byte("from_s,to_s,target"), "cannot read ledger: not a ledger", nil},
		{"a newer version", newer, "", ErrFormat},
		{"an event with two fates", twice, "cannot trust ledger: event 9 has two fates", nil},
		{"an empty range", empty, "cannot read ledger: a range that is none", nil},
	} {
		_, err := ReadLedger(bytes.NewReader(c.file))
		if err == nil || c.want != "" && err.Error() != c.want || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: error %v, want %q %v", c.name, err, c.want, c.is)
		}
	}
}

// One bit, wherever it is flipped: the segment that it is in is lost, the others
// are read, and the result tells that something is missing, and where.
func TestLedgerDamageIsFound(t *testing.T) {
	t.Parallel()
	file, ends := ledgerOf(threeSegments...)
	r := &results.Result{}
	r.Ledger = &results.LedgerSize{Segments: 3, Bytes: int64(len(file))}
	r.Run.ID, r.Events = "run", results.Totals{Sent: 30, Accepted: 20, Rejected: 5, Ambiguous: 5, Unsent: 1}
	whole, err := ReadLedger(bytes.NewReader(file))
	if whole.hold(r); err != nil || len(whole.Damage) > 0 {
		t.Fatalf("undamaged: %v, error %v", whole.Damage, err)
	}
	for bit := range len(file) * 8 {
		damaged, hit := slices.Clone(file), 0
		damaged[bit/8] ^= 1 << (bit % 8)
		for ends[hit] <= bit/8 {
			hit++
		}
		got, err := ReadLedger(bytes.NewReader(damaged))
		if err != nil {
			if bit/8 > len(ledgerName) {
				t.Errorf("bit %d: error %v", bit, err)
			}
			continue
		}
		got.hold(r)
		if len(got.Damage) == 0 || hit > 0 && got.Damage[0].At != int64(ends[hit-1]) {
			t.Errorf("bit %d, of segment %d at %d: damage %v", bit, hit-1, ends[max(hit-1, 0)], got.Damage)
		}
		var want []results.Range
		for i, ranges := range threeSegments {
			if i != hit-1 {
				want = append(want, ranges...)
			}
		}
		if !slices.Equal(got.Ranges, joined(t, want)) {
			t.Errorf("bit %d: %v, want %v", bit, got.Ranges, want)
		}
	}
}

// What a ledger of the first version lost shows in the sums.
func TestPlainLedgerDamageIsFound(t *testing.T) {
	t.Parallel()
	file, ends := plainLedger(threeSegments...)
	r := &results.Result{Events: results.Totals{Sent: 30, Accepted: 20, Rejected: 5, Ambiguous: 5, Unsent: 1}}
	for _, at := range []int{ends[0] + 9, ends[1] + 1, ends[2] + 12} {
		damaged := slices.Clone(file)
		damaged[at] ^= 4
		l, err := ReadLedger(bytes.NewReader(damaged))
		if l.hold(r); err != nil || len(l.Damage) == 0 {
			t.Errorf("byte %d: %+v, error %v", at, l, err)
		}
	}
}

// Segments that are missing, stand there twice, or are of another run.
func TestLedgerOfOtherSegments(t *testing.T) {
	t.Parallel()
	file, ends := ledgerOf(threeSegments...)
	cut := slices.Concat(file[:ends[1]], file[ends[2]:])
	twice := slices.Concat(file[:ends[2]], file[ends[1]:])
	other := slices.Concat([]byte(ledgerHeader("other")), file[ends[0]:])
	r := &results.Result{}
	r.Ledger = &results.LedgerSize{Segments: 3, Bytes: int64(len(file))}
	r.Run.ID, r.Events = "run", results.Totals{Sent: 30, Accepted: 20, Rejected: 5, Ambiguous: 5, Unsent: 1}
	for want, text := range map[string][]byte{
		"0 bytes are not what was written (1 segment)": cut,
		"(0 segments)": twice, "it is the ledger of another run": other,
	} {
		l, err := ReadLedger(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if l.hold(r); len(l.Damage) == 0 ||
			!strings.Contains(l.Damage[len(l.Damage)-1].String()+l.Damage[0].String(), want) {
			t.Errorf("damage %v, want %q", l.Damage, want)
		}
	}
}

func TestLedgerManyRangesSplitIntoSegments(t *testing.T) {
	t.Parallel()
	var ranges []results.Range
	for i := range int64(frameRanges + 3) {
		ranges = append(ranges, results.Range{First: math.MaxInt64/2 + i*10, Count: 9, Fate: capture.FateAccepted})
	}
	file, _ := ledgerOf(ranges)
	got, err := ReadLedger(bytes.NewReader(file))
	if err != nil || !slices.Equal(got.Ranges, ranges) || got.Segments != 2 {
		t.Errorf("%d ranges in %d segments, error %v, want %d", len(got.Ranges), got.Segments, err, len(ranges))
	}
}

func FuzzReadLedger(f *testing.F) {
	for _, of := range []func(...[]results.Range) ([]byte, []int){plainLedger, ledgerOf} {
		for _, segments := range [][][]results.Range{
			nil, {{{First: 0, Count: 10, Fate: 1}, {First: 10, Count: 5, Fate: 2}}},
			{{{First: 1 << 59, Count: 1 << 59, Fate: 3}}},
			{{{First: 5, Count: 5, Fate: 0}, {First: 0, Count: 5, Fate: 1}}}, threeSegments,
		} {
			file, _ := of(segments...)
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		l, err := ReadLedger(bytes.NewReader(file))
		if err != nil {
			return
		}
		if l.Whole > l.Bytes || l.Bytes != int64(len(file)) {
			t.Fatalf("%d bytes: %+v", len(file), l)
		}
		end := int64(0)
		for _, r := range l.Ranges {
			if r.First < end || r.Count <= 0 || r.Fate > capture.FateMayBeStored {
				t.Fatalf("range %v after event %d", r, end)
			}
			end = r.End()
		}
		written, _ := ledgerOf(l.Ranges)
		again, err := ReadLedger(bytes.NewReader(written))
		if err != nil || !slices.Equal(again.Ranges, l.Ranges) {
			t.Fatalf("written again: %v, error %v, want %v", again, err, l.Ranges)
		}
	})
}

// The fuzzer rarely finds a checksum, so what lies behind it has its own.
func FuzzLedgerPayload(f *testing.F) {
	f.Add(new(ledgerWriter).append(nil, []results.Range{
		{First: 0, Count: 10, Fate: 1},
		{First: 10, Count: 5, Fate: 2},
	})[headSize:])
	f.Add([]byte{1, 0x7f, 0x7f})
	f.Fuzz(func(t *testing.T, payload []byte) {
		ranges, err := appendRanges(nil, payload, fateBits)
		for _, r := range ranges {
			if err == nil && (r.First < 0 || r.Count <= 0 || r.End() < r.First) {
				t.Fatalf("range %v", r)
			}
		}
	})
}
