package scenario

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Stretch is a stage of the load as its file gives it: where it lies and what it
// is called. Stages of no length have none.
type Stretch struct {
	Name     string // as in load.stages[].name; its number from 1 where it has none
	From, To time.Duration
	Start    float64 // events per second at From
	End      float64 // events per second at To
}

// stretches lays the stages out one after another.
func stretches(stages []Stage, names map[int]string) []Stretch {
	var all []Stretch
	var at time.Duration
	for i, s := range stages {
		if s.Over > 0 {
			name := names[i]
			if name == "" {
				name = strconv.Itoa(i + 1)
			}
			all = append(all, Stretch{Name: name, From: at, To: at + s.Over, Start: s.From, End: s.To})
		}
		at += s.Over
	}
	return all
}

// FindStretch returns the one that a threshold names: by its name, or by its
// number from 1, with or without the word stage before it.
func FindStretch(all []Stretch, name string) (Stretch, bool) {
	for _, s := range all {
		if s.Called(name) {
			return s, true
		}
	}
	return Stretch{}, false
}

// Called says whether a threshold that names its stage so means this one.
func (s *Stretch) Called(name string) bool { return s.Name == strings.TrimPrefix(name, "stage ") }

// readStageName reads the name of a stage: one word that no number is.
func readStageName(v value) string {
	name := v.line(1, 40)
	_, err := strconv.Atoi(name)
	if strings.ContainsFunc(name, unicode.IsSpace) || err == nil || name == "stage" {
		v.fail("must be one word and no number", "thresholds name it, as in p99 < 500ms in hold")
	}
	return name
}
