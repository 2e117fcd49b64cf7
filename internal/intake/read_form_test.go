package intake

import (
	"maps"
	"testing"
)

func TestForms(t *testing.T) {
	t.Parallel()
	names := []string{"one", "two", "three"}
	for _, c := range []struct {
		text string
		want map[string]string
	}{
		{"one: 5000/s\ntwo:\nthree: yes\n", map[string]string{"one": "5000/s", "three": "yes"}},
		{"# read me\none: |\n  a,5\n  b,7\n", map[string]string{"one": "a,5\nb,7"}},
		{"one: {$pageview: 70, purchase: 1e3}\n", map[string]string{"one": "$pageview\t70\npurchase\t1e3"}},
		{"one: [a 5, 7]\ntwo: ${HOME}\nthree: ''\n", map[string]string{"one": "a 5\n7", "two": "${HOME}"}},
		{"\ufeffone: 5000/s\r\ntwo: |\r\n  a,5\r\nthree: yes\r\n",
			map[string]string{"one": "5000/s", "two": "a,5", "three": "yes"}},
		{"one: 'a: b'\ntwo: \"c\"\nthree: >-\n  x\n  y\n",
			map[string]string{"one": "a: b", "two": "c", "three": "x y"}},
		{"one: 2026-12-01\ntwo: 010\nthree: .5\n", map[string]string{"one": "2026-12-01", "two": "010", "three": ".5"}},
	} {
		f, err := ReadForm("a.yaml", []byte(c.text), names)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if got := f.Texts(); !maps.Equal(got, c.want) {
			t.Errorf("%q says %q, want %q", c.text, got, c.want)
		}
	}
}

func TestMistakesInForms(t *testing.T) {
	t.Parallel()
	names := []string{"one", "two", "three"}
	for _, c := range []struct{ text, want string }{
		{"one: 5\n> two: 6\n", "a.yaml:2:1: begins with >, as in the answer to an email (take the > off every line)"},
		{"one: |\nid,count\n",
			"a.yaml:3:1: not YAML: could not find expected ':' while scanning a simple key (an answer with \": " +
				"\" in it, or one of %@&*!, before it, stands in quotes; lines below | are indented by two blanks, " +
				"the first by no more)"},
		{"tow: 5\none: {a: {b: 5}}\n",
			"a.yaml:1:1: tow: unknown field (did you mean two?)\na.yaml:2:10: one.a: expected text, " +
				"found a mapping (one answer a line)"},
		{"one: 5\none: 6\n", "a.yaml:2:1: one: given twice, first in line 1"},
		{"- one\n", "a.yaml:1:1: expected a mapping of fields, found a list"},
		{"", "a.yaml: expected one YAML document, a mapping of fields"},
		{"one: [[a]]", "a.yaml:1:7: one[0]: expected text, found a list (one answer a line)"},
		{"one: {a: &x 5, a: 6}", "a.yaml:1:16: one.a: given twice, first in line 1"},
	} {
		if _, err := ReadForm("a.yaml", []byte(c.text), names); err == nil || err.Error() != c.want {
			t.Errorf("%q\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestFormTellsWhereAMistakeIs: a mistake that another person finds gets the place
// of its field.
func TestFormTellsWhereAMistakeIs(t *testing.T) {
	t.Parallel()
	f, err := ReadForm("a.yaml", []byte("\none: 5\n\ntwo: |\n  x\n"), []string{"one", "two", "three"})
	if err != nil {
		t.Fatal(err)
	}
	const want = "a.yaml: three: is missing\na.yaml:2:6: one: too little (more)\na.yaml:4:6: two: too much"
	if got := f.Mistakes(Mistakes{{[]string{"two"}, "too much", ""}, {[]string{"one"}, "too little", "more"},
		{[]string{"three"}, "is missing", ""}}).Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
