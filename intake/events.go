package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
// name while nobody has said.
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
