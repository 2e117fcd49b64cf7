package serdejson_test

import (
	"strings"
	"testing"

	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonfuzz"
)

// The short way never takes what the long one refuses, and takes nearly all that it
// takes, to the same byte.
func TestTheShortWayKnowsWhatTheLongWayKnows(t *testing.T) {
	t.Parallel()
	taken, known := 0, 0
	for i := range 30_000 {
		s := jsonfuzz.New(uint64(i))
		text := s.Body()
		if i%2 == 0 {
			text = s.Break(s.Value(6))
		}
		for _, depth := range []int{1, 4, 120} {
			n, ok := serdejson.Walk([]byte(text), depth)
			short := serdejson.Skim([]byte(text), depth)
			if short >= 0 && (!ok || short != n) {
				t.Fatalf("%q, %d deep: %d, want %d, %v", text, depth, short, n, ok)
			}
			if ok {
				taken++
			}
			if short >= 0 {
				known++
			}
		}
	}
	if known < taken/2 {
		t.Errorf("of %d values only %d were read in the short way", taken, known)
	}
}

// Levels beyond the first 64, whose kinds are kept in another word, close as they
// opened.
func TestDeepLevelsCloseAsTheyOpened(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{1, 2, 63, 64, 65, 66, 126, 127} {
		open, end := strings.Repeat(`[{"a":`, depth/2), strings.Repeat(`}]`, depth/2)
		if depth%2 == 1 {
			open, end = open+"[", "]"+end
		}
		for text, want := range map[string]bool{
			open + "1" + end: true, open + "[]" + end: false, open + "1" + strings.Replace(end, "]", "}", 1): false,
		} {
			if _, ok := serdejson.Walk([]byte(text), depth); ok != want {
				t.Fatalf("%d deep: %v, want %v: %s", depth, ok, want, text)
			}
			if short := serdejson.Skim([]byte(text), depth); (short == len(text)) != want {
				t.Errorf("%d deep: %d of %d, want %v", depth, short, len(text), want)
			}
		}
	}
}

func FuzzSkim(f *testing.F) {
	for _, text := range []string{`{"a":[1,-0.5,true,null,"x\n",{}],"b":{"c":"\u00e4"}}`, ` [ ] `,
		`{"a" : 1 , "b":[[]]}`, `1e5`, `"\ud83d"`, `[1,]`, `{"a":1}}`} {
		f.Add([]byte(text), 5)
	}
	f.Fuzz(func(t *testing.T, text []byte, depth int) {
		depth = max(depth&127, 1)
		n, ok := serdejson.Walk(text, depth)
		if short := serdejson.Skim(text, depth); short >= 0 && (!ok || short != n) {
			t.Errorf("%q, %d deep: %d, want %d, %v", text, depth, short, n, ok)
		}
	})
}
