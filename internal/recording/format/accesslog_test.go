package format

import (
	"rehearse/internal/recording/event"
	"strings"
	"testing"
)

// TestWhoIsLogged: visitors are told apart whatever stands before them in a log, or the
// line is refused.
func TestWhoIsLogged(t *testing.T) {
	t.Parallel()
	for who, want := range map[string]string{
		"192.0.2.7 - -":                            "192.0.2.7",
		"192.0.2.7 - frank":                        "frank",
		"shop.example.com 192.0.2.7 - -":           "192.0.2.7",
		"shop.example.com:443 192.0.2.7 - frank":   "frank",
		"shop.example.com visitor.example.net - -": "visitor.example.net",
		"shop.example.com 192.0.2.7 -":             "192.0.2.7",
		"192.0.2.7, 10.0.0.1, 10.0.0.2 - -":        "192.0.2.7",
		"a b c d e":                                "",
		"192.0.2.7 - frank miller":                 "",
		"192.0.2.7 -":                              "",
		"192.0.2.7":                                "",
		"a  - -":                                   "",
		", 10.0.0.1 - -":                           "",
	} {
		l, ok := parseLog([]byte(who + ` [10/Jan/2026:10:00:07 +0000] "GET /p7 HTTP/1.1" 200 512 "-" "X"`))
		if ok != (want != "") || ok && string(l.who()) != want {
			t.Errorf("%q is %q, %v, want %q", who, l.who(), ok, want)
		}
	}
}

// FuzzAccessLog: no line makes the reader panic, and who is told of is in the line.
func FuzzAccessLog(f *testing.F) {
	f.Add([]byte(`a b, c - d [10/Jan/2026:10:00:07 +0000] "GET /p7 HTTP/1.1" 200 5 "-" "X"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e := &event.Event{}
		if Decode(accessLog{}, asLine(line), 1, e) == "" && !strings.Contains(string(line), string(e.DistinctID)) {
			t.Errorf("%q is of %q", line, e.DistinctID)
		}
	})
}
