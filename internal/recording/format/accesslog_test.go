package format

import (
	"fmt"
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

// TestEscapedLog: what a server escaped in its log is sent as the client wrote it.
func TestEscapedLog(t *testing.T) {
	t.Parallel()
	for logged, want := range map[string]string{
		`X`: "X", `A \"B\"`: `A "B"`, `a\\b`: `a\b`, `tab\there`: "tab\there", `caf\xC3\xA9`: "café", `\x22`: `"`,
		`\xff`: `\xff`, `\xzz`: `\xzz`, `\x4`: `\x4`, `end\`: `end\`,
		`Some\Agent`: `Some\Agent`, `C:\Program \"1\"`: `C:\Program \"1\"`, // not escaped
	} {
		if got := new(accessLog).asSent([]byte(logged)); string(got) != want {
			t.Errorf("%s is %q, want %q", logged, got, want)
		}
	}
}

// TestExtendedLog: fields are those of the last directive, dates may stand in one, cells
// may stand in quotes or between tabs, and a line with other fields is none.
func TestExtendedLog(t *testing.T) {
	t.Parallel()
	w, e := &W3C{}, &event.Event{}
	for _, row := range []struct{ line, want string }{
		{"a b c", ""},
		{"#Date: 2026-01-10 09:00:00", ""},
		{"#fields: time c-ip cs(User-Agent) x", ""},
		{`10:00:07.5 192.0.2.7 "A ""b""" -`, `request 192.0.2.7 10:00:07.5 {"$raw_user_agent":"A \"b\"","$ip":"192.0.2.7"}`},
		{"10:00:07 192.0.2.7 A", ""},
		{`10:00:07 192.0.2.7 "A B`, ""},
		{"#Fields: date\ttime\tc-ip\tcs(User-Agent)\tcs-method\tcs-uri-stem\tcs-username", ""},
		{"2026-01-10\t10:00:08\t::1\tA%20B+C\tPOST\t/a.js\tanna", `POST script anna 10:00:08 {"$current_url":"/a.js","$raw_user_agent":"A B+C","$ip":"::1"}`},
		{"2026-01-10\t10:00:08\t-\t-\tPOST\t/a.js\t-", ""},
	} {
		if strings.HasPrefix(row.line, "#") {
			w.Direct([]byte(row.line))
			continue
		}
		got := ""
		if Decode(w, asLine([]byte(row.line)), 1, e) == "" {
			got = fmt.Sprintf("%s %s %s %s", e.Name, e.DistinctID, e.Time.UTC().Format("15:04:05.999"), e.Properties)
		}
		if got != row.want {
			t.Errorf("%q is\n%s\nwant\n%s", row.line, got, row.want)
		}
	}
}

// FuzzExtendedLog: no directive and no line makes the reader panic, and who is told of is in the line.
func FuzzExtendedLog(f *testing.F) {
	f.Add([]byte("date time c-ip x"), []byte(`2026-01-10 10:00:07 ::1 "a`))
	f.Fuzz(func(t *testing.T, fields, line []byte) {
		w, e := &W3C{}, &event.Event{}
		w.Direct(append([]byte("#Fields: "), fields...))
		if Decode(w, asLine(line), 1, e) == "" && !strings.Contains(string(line), string(e.DistinctID)) {
			t.Errorf("%q is of %q", line, e.DistinctID)
		}
	})
}

// FuzzAccessLog: no line makes the reader panic, and who is told of is in the line.
func FuzzAccessLog(f *testing.F) {
	f.Add([]byte(`a b, c - d [10/Jan/2026:10:00:07 +0000] "GET /p7 HTTP/1.1" 200 5 "-" "X"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e := &event.Event{}
		if Decode(&accessLog{}, asLine(line), 1, e) == "" && !strings.Contains(string(line), string(e.DistinctID)) {
			t.Errorf("%q is of %q", line, e.DistinctID)
		}
	})
}
