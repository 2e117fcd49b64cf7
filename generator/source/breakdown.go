package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"rehearse/generator/body"
	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/results"
)

// Breakdown says what became of the events of a ledger, whose ranges are sorted and
// disjoint, by name and by token. No event is made for it; nil for a recording. ctx ends
// it early.
func (o *Opened) Breakdown(ctx context.Context, ledger []results.Range) (*results.Breakdown, error) {
	if o.dealt.synth == nil {
		return nil, nil
	}
	b := &results.Breakdown{}
	var err error
	if b.Names, err = o.dealt.synth.names(ctx, ledger); err != nil || o.dealt.synth.tokens == nil {
		return b, err
	}
	again, err := o.Again(nil)
	if err != nil {
		return nil, err
	}
	defer again.Close()
	b.Tokens, err = again.byToken(ctx, ledger)
	return b, err
}

// names counts the events of a ledger by name. Names that no event has are left out.
func (y *Synth) names(ctx context.Context, ledger []results.Range) ([]results.NamedTotals, error) {
	var w traffic.Writer
	names := y.model.Names()
	var counts [fates][]int64
	for fate := range counts {
		counts[fate] = make([]int64, len(names))
	}
	for _, r := range ledger {
		for from, end := r.First, r.First+r.Count; from < end; {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			to := min(from-from%traffic.BlockEvents+traffic.BlockEvents, end)
			y.model.CountNames(counts[r.Fate], from, to, &w)
			from = to
		}
	}
	byName := make([][fates]int64, len(names))
	for fate := range counts {
		for i, n := range counts[fate] {
			byName[i][fate] = n
		}
	}
	return named(names, byName), nil
}

// byToken counts the events of a ledger by the token of the batch that they are in.
func (o *Opened) byToken(ctx context.Context, ledger []results.Range) ([]results.NamedTotals, error) {
	k := o.dealt.synth.tokens
	names, counts := make([]string, len(k.text)), make([][fates]int64, len(k.text))
	for i := range names {
		names[i] = fmt.Sprintf("token %d", i+1)
	}
	for b := new(body.Batch); len(ledger) > 0; b.Reset() {
		err := ctx.Err()
		if err == nil {
			err = o.Next(b)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		end := b.First + b.Events
		for len(ledger) > 0 && ledger[0].First+ledger[0].Count <= b.First {
			ledger = ledger[1:]
		}
		for _, r := range ledger {
			if r.First >= end {
				break
			}
			n := min(end, r.First+r.Count) - max(b.First, r.First)
			counts[k.index(b.Within)][r.Fate] += n
		}
	}
	return named(names, counts), nil
}

// fates is how many fates an event of a ledger may have.
const fates = capture.FateMayBeStored + 1

// named are the counts that are not 0, the most frequent first.
func named(names []string, counts [][fates]int64) []results.NamedTotals {
	rows := []results.NamedTotals{}
	for i, name := range names {
		row := results.NamedTotals{Name: name}
		for fate, n := range counts[i] {
			row.Count(capture.Fate(fate), n)
		}
		if row.Sent+row.Unsent > 0 {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b results.NamedTotals) int {
		return int(min(max(b.Sent+b.Unsent-a.Sent-a.Unsent, -1), 1))
	})
	return rows
}
