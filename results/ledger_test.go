package results

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rehearse/capture"
)

// planOf draws a run: consecutive requests from event 0 on, each with a fate.
func planOf(t *rapid.T) []Range {
	var plan []Range
	var first int64
	for _, count := range rapid.SliceOfN(rapid.Int64Range(1, 1000), 1, 100).Draw(t, "events of each request") {
		fate := capture.Fate(rapid.IntRange(0, 3).Draw(t, "fate"))
		plan = append(plan, Range{first, count, fate})
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
		file := []byte(ledgerHeader)
		for some := range slices.Chunk(ended, rapid.IntRange(1, 20).Draw(t, "requests a tick")) {
			some = slices.Clone(some)
			slices.SortFunc(some, byFirst)
			file = appendLedger(file, join(some))
		}
		got, err := ReadLedger(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if want := join(slices.Clone(plan)); !slices.Equal(got, want) {
			t.Errorf("ledger %v, want %v", got, want)
		}
	})
}

// A ledger cut anywhere gives the frames before the cut.
func TestLedgerCutAnywhere(t *testing.T) {
	t.Parallel()
	frames := [][]Range{{{0, 10, 1}, {10, 5, 2}}, {{20, 10, 1}}, {{15, 5, 3}, {30, 1, 0}}}
	file := []byte(ledgerHeader)
	ends := []int{len(file)}
	for _, ranges := range frames {
		file = appendLedger(file, ranges)
		ends = append(ends, len(file))
	}
	for cut := range len(file) + 1 {
		got, err := ReadLedger(bytes.NewReader(file[:cut]))
		var want []Range
		for i, end := range ends[1:] {
			if cut >= end {
				want = append(want, frames[i]...)
			}
		}
		slices.SortFunc(want, byFirst)
		if clean := slices.Contains(ends, cut); clean != (err == nil) || !clean && !errors.Is(err, ErrTorn) {
			t.Errorf("cut at %d: error %v", cut, err)
		}
		if !slices.Equal(got, join(want)) {
			t.Errorf("cut at %d: %v, want %v", cut, got, want)
		}
	}
}

func TestLedgerRefuses(t *testing.T) {
	t.Parallel()
	twice := appendFrame([]byte(ledgerHeader), []Range{{0, 10, 1}, {9, 1, 1}})
	newer := []byte(ledgerHeader)
	newer[len(newer)-1] = 2
	for _, c := range []struct {
		name string
		file []byte
		want string
		is   error
	}{
		{"another file", []byte("from_s,to_s,target"), "cannot read ledger: not a ledger", nil},
		{"a newer version", newer, "", ErrFormat},
		{"an event with two fates", twice, "cannot trust ledger: event 9 has two fates", nil},
		{"an empty range", appendFrame([]byte(ledgerHeader), []Range{{0, 0, 1}}), "cannot read ledger: a range that is none", nil},
	} {
		_, err := ReadLedger(bytes.NewReader(c.file))
		if err == nil || c.want != "" && err.Error() != c.want || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: error %v, want %q %v", c.name, err, c.want, c.is)
		}
	}
}

func TestLedgerDamageIsFound(t *testing.T) {
	t.Parallel()
	file := appendLedger([]byte(ledgerHeader), []Range{{0, 10, 1}, {10, 5, 2}})
	for i := len(ledgerHeader) + 8; i < len(file); i++ {
		damaged := slices.Clone(file)
		damaged[i] ^= 0x10
		if got, err := ReadLedger(bytes.NewReader(damaged)); !errors.Is(err, ErrTorn) || len(got) > 0 {
			t.Errorf("byte %d damaged: %v, error %v", i, got, err)
		}
	}
}

func TestLedgerManyRangesSplitIntoFrames(t *testing.T) {
	t.Parallel()
	var ranges []Range
	for i := range int64(frameRanges + 3) {
		ranges = append(ranges, Range{math.MaxInt64/2 + i*10, 9, capture.FateAccepted})
	}
	got, err := ReadLedger(bytes.NewReader(appendLedger([]byte(ledgerHeader), ranges)))
	if err != nil || !slices.Equal(got, ranges) {
		t.Errorf("%d ranges, error %v, want %d", len(got), err, len(ranges))
	}
}

func FuzzReadLedger(f *testing.F) {
	f.Add([]byte(ledgerHeader))
	f.Add(appendLedger([]byte(ledgerHeader), []Range{{0, 10, 1}, {10, 5, 2}}))
	f.Add(appendLedger([]byte(ledgerHeader), []Range{{1 << 60, 1 << 60, 3}}))
	f.Add(appendFrame([]byte(ledgerHeader), []Range{{5, 5, 0}, {0, 5, 1}}))
	f.Fuzz(func(t *testing.T, file []byte) {
		ranges, _ := ReadLedger(bytes.NewReader(file))
		end := int64(0)
		for _, r := range ranges {
			if r.First < end || r.Count <= 0 || r.Fate > capture.FateAmbiguous {
				t.Fatalf("range %v after event %d", r, end)
			}
			end = r.end()
		}
		again, err := ReadLedger(bytes.NewReader(appendLedger([]byte(ledgerHeader), ranges)))
		if err != nil || !slices.Equal(again, ranges) {
			t.Fatalf("written again: %v, error %v, want %v", again, err, ranges)
		}
	})
}

// The fuzzer rarely finds a checksum, so what lies behind it has its own.
func FuzzLedgerPayload(f *testing.F) {
	f.Add(appendFrame(nil, []Range{{0, 10, 1}, {10, 5, 2}})[8:])
	f.Add([]byte{1, 0x7f, 0x7f})
	f.Fuzz(func(t *testing.T, payload []byte) {
		ranges, err := appendRanges(nil, payload)
		for _, r := range ranges {
			if err == nil && (r.First < 0 || r.Count <= 0 || r.end() < r.First) {
				t.Fatalf("range %v", r)
			}
		}
	})
}
