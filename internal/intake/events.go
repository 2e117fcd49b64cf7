package intake

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"rehearse/internal/learn"
	"rehearse/scenario"
)

// mergeNames are the events that merge persons.
const mergeNames = scenario.EventIdentify + ", " + scenario.EventCreateAlias + " and " + scenario.EventMergeDangerously

// readTypes reads the mix of events.
func readTypes(text string) (*Table, error) {
	t, err := readTable(text)
	if err != nil {
		return nil, err
	}
	if len(t.Rows) > 5000 {
		return nil, errors.New("has more than 5,000 different events")
	}
	for _, r := range t.Rows {
		if r.Name == "" || utf8.RuneCountInString(r.Name) > 200 {
			return nil, fmt.Errorf("%q is no name of an event: it must have 1 to 200 characters", clip(r.Name))
		}
	}
	return t, nil
}

// nearlyBuiltIn names the events whose names are those of PostHog's own without the
// dollar sign, which makes other events of them: pageview merges nothing and is no page
// view.
func (a *Answers) nearlyBuiltIn() []string {
	builtIn := []string{"pageview", "pageleave", "screen", "autocapture", "identify", "create_alias",
		"merge_dangerously", "groupidentify", "set", "unset", "feature_flag_called", "exception"}
	if a.Types == nil {
		return nil
	}
	var near []string
	for _, r := range a.Types.Rows {
		if slices.Contains(builtIn, r.Name) {
			near = append(near, fmt.Sprintf("%q is a custom event, did you mean %q?", r.Name, "$"+r.Name))
		}
	}
	return near
}

// readMerges reads which events merge, with or without numbers.
func readMerges(text string) (*Table, error) {
	switch strings.ToLower(strings.TrimRight(text, ".")) {
	case "none", "no":
		return &Table{}, nil
	}
	t, err := readTypes(text)
	if err != nil || !t.named() {
		if t, err = readNames(text); err != nil {
			return nil, err
		}
	}
	for _, r := range t.Rows {
		if !scenario.IsMerge(r.Name) {
			return nil, fmt.Errorf("%q does not merge persons: only %s do", clip(r.Name), mergeNames)
		}
	}
	return t, nil
}

// named tells whether all names of a table are those of merges. A list of names
// alone may look like a table with a header.
func (t *Table) named() bool {
	return !slices.ContainsFunc(t.Rows, func(r Row) bool { return !scenario.IsMerge(r.Name) })
}

// readNames reads a list of names, of which some may have a number.
func readNames(text string) (*Table, error) {
	t := &Table{}
	split := func(c rune) bool { return strings.ContainsRune(",;\n\t\r ", c) }
	for _, word := range strings.FieldsFunc(text, split) {
		last := len(t.Rows) - 1
		if n, share, err := readNumber(word); err == nil && last >= 0 && t.Rows[last].Value == 0 {
			if sum := t.sum(); sum > 0 && share != t.Share {
				return nil, errors.New("mixes counts and shares: give one kind")
			}
			t.Rows[last].Value, t.Share = n, share
			continue
		}
		if _, twice := t.find(word); !twice && word != "and" {
			t.Rows = append(t.Rows, Row{Name: strings.TrimSuffix(word, ":")})
		}
	}
	return t, nil
}

// assumedMerges is how many per cent of the events are taken for merges of a
// name while it was not said.
const assumedMerges = 3

// mix is the events of the scenario, in weights. Merges are among the types or,
// where those are not known, beside pageviews.
func (a *Answers) mix() []Row {
	if a.Types != nil {
		return a.listed()
	}
	merges := []Row{{scenario.EventIdentify, assumedMerges}}
	all := 100.0
	if a.Merges != nil {
		merges = slices.Clone(a.Merges.Rows)
		if !a.Merges.Share && a.Merges.sum() > 0 {
			all = float64(a.events())
		}
	}
	for i := range merges {
		if merges[i].Value == 0 {
			merges[i].Value = assumedMerges
		}
		all -= merges[i].Value
	}
	return scaled(append([]Row{{"$pageview", all}}, merges...))
}

// listed are the types that were listed, and what shares leave over.
func (a *Answers) listed() []Row {
	rows := slices.Clone(a.Types.Rows)
	if rest := 100 - a.Types.sum(); a.Types.Share && rest > 0.5 {
		name := "other"
		for _, taken := a.Types.find(name); taken; _, taken = a.Types.find(name) {
			name += " events"
		}
		rows = append(rows, Row{name, rest})
	}
	return scaled(rows)
}

// scaled makes weights small enough for a scenario.
func scaled(rows []Row) []Row {
	most := 0.0
	for _, r := range rows {
		most = max(most, r.Value)
	}
	for ; most > 1e9; most /= 10 {
		for i := range rows {
			rows[i].Value /= 10
		}
	}
	return rows
}

// mergeShare is the share of the mix that merges.
func mergeShare(mix []Row) float64 {
	var merges, all float64
	for _, r := range mix {
		all += r.Value
		if scenario.IsMerge(r.Name) {
			merges += r.Value
		}
	}
	return merges / all
}

// maxHot is how many of the busiest ids the scenario gives a share of their own.
const maxHot = 20

// leastShare is the smallest share that is worth a line.
const leastShare = 1e-9

// ids are the distinct_ids of the scenario: shares of the busiest, as fractions
// of all events, and the law that the others follow.
type ids struct {
	hot   []float64
	count int64 // of the others
	skew  float64
	cut   bool // the shares were more than merges leave room for
}

// ids tells how the events fall on distinct_ids. merges is the share of merges:
// those are never of a hot id, and each needs an ordinary event besides.
func (a *Answers) ids(merges float64) ids {
	if a.Hottest == nil {
		return ids{count: 1_000_000, skew: 1}
	}
	all := a.whole()
	counts := make([]int64, 0, len(a.Hottest.Rows))
	for _, r := range a.Hottest.Rows {
		if n := int64(math.Round(r.Value * all.scale)); n > 0 {
			counts = append(counts, n)
		}
	}
	slices.SortFunc(counts, func(a, b int64) int { return cmp.Compare(b, a) })
	var found ids
	room, hot := 1.0, 0
	if merges > 0 {
		room = max(1-2*merges-0.001, 0) // a thousandth, so that rounding finds no fault
	}
	rest := all.events
	for _, n := range counts[:min(maxHot, len(counts))] {
		share := float64(n) / float64(all.events)
		rest -= n
		hot++
		if share > room {
			found.cut, share = true, room
		}
		room -= share
		if share > leastShare {
			found.hot = append(found.hot, share)
		}
	}
	found.count, found.skew = learn.FitOthers(counts, hot, max(rest, 0))
	return found
}

// whole is what the numbers of the table are parts of: so many events, and how
// many one of its units is.
type whole struct {
	events int64
	scale  float64
}

// whole takes the events that were announced. If it was not said how many, the
// listed ids are taken for half of all.
func (a *Answers) whole() whole {
	sum := a.Hottest.sum()
	switch events := a.events(); {
	case a.Hottest.Share:
		const fine = 1_000_000_000
		return whole{int64(fine * max(1, sum/100)), fine / 100}
	case events > 0:
		return whole{max(events, int64(sum)), 1}
	}
	return whole{int64(min(2*sum, 1e18)), 1}
}
