package staging

import (
	"fmt"
	"strings"
	"testing"

	"rehearse/internal/capture"
)

// strictness is a value that JSON readers differ about: in a property, and as the
// distinct_id, what is wrong with it in the words of serde_json; "" is nothing. v1
// does not look into properties.
type strictness struct {
	fact, value, wrong string
	v1Minds            bool // also where it only passes over the value
}

// TestStrictness: what serde_json refuses is refused by every generation, whole
// batches for one value in one event. v1 only passes over properties, as serde_json
// passes over raw values, but reads options.
func TestStrictness(t *testing.T) {
	t.Parallel()
	for _, row := range []strictness{
		{"a text cut through an emoji", `"great \ud83d"`, "unexpected end of hex escape", false},
		{"the other half", `"\ude00 great"`, "lone leading surrogate in hex escape", false},
		{"two first halves", `"\ud83d\ud83d"`, "lone leading surrogate in hex escape", false},
		{"a whole emoji", `"\ud83d\ude00"`, "", false},
		{"a number out of range", `1e999`, "number out of range", false},
		{"the largest number", `1.7976931348623157e308`, "", false},
		{"a long number out of range", strings.Repeat("9", 310), "number out of range", false},
		{"a number next to nothing", `1e-999`, "", false},
		{"a leading zero", `01`, "invalid number", true},
		{"a point without digits", `1.`, "invalid number", true},
		{"a plus sign", `+1`, "expected value", true},
		{"NaN", `NaN`, "expected value", true},
		{"a control character", "\"a\tb\"", `control character (\u0000-\u001F) found while parsing a string`, true},
		{"an escape that is none", `"\x41"`, "invalid escape", true},
		{"a comma too much", `[1,]`, "trailing comma", true},
		{"too deep", strings.Repeat("[", 125) + strings.Repeat("]", 125), "recursion limit exceeded", false},
		{"deep enough", strings.Repeat("[", 120) + strings.Repeat("]", 120), "", false},
		{"a name twice where it is not known", `{"a":1,"a":2}`, "", false},
		{"a name that is no string", `{a:1}`, "key must be a string", true},
	} {
		e := `{"event":"e","distinct_id":"d","properties":{"p":` + row.value + `}}`
		for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
			s := New(Config{Generation: g})
			got := said(handled(s, post("/batch", batch(event+","+e))))
			want := ok
			if row.wrong != "" {
				want = "400 failed to parse request: " + row.wrong + " at line 1 column "
			}
			if !strings.HasPrefix(got, want) {
				t.Errorf("%v: %s:\n got %s\nwant %s", g, row.fact, got, want)
			}
		}
		row.checkV1(t, `"properties":{"p":`+row.value+`}`, row.v1Minds)
		row.checkV1(t, `"options":{"p":`+row.value+`}`, row.wrong != "")
	}
}

func (row *strictness) checkV1(t *testing.T, members string, minds bool) {
	t.Helper()
	want := "200 "
	if minds {
		want = "400 {\"error\":\"request_parsing_error\""
	}
	if got := said(handledV1(New(Config{}), headersV1(), batchV1(eventV1(1, members)))); !strings.HasPrefix(got, want) {
		t.Errorf("v1: %s in %.20s:\n got %s\nwant %s", row.fact, members, got, want)
	}
}

// TestStrictShapes: members that come twice, and arrays in the place of objects, as
// serde has them.
func TestStrictShapes(t *testing.T) {
	t.Parallel()
	const other = "400 failed to parse request: data did not match any variant of untagged enum RawRequest"
	for _, row := range []struct{ fact, body, now, in24 string }{
		{"token and api_key", `{"token":"t","api_key":"t","batch":[` + event + `]}`, other, other},
		{"batch twice", `{"api_key":"t","batch":[],"batch":[` + event + `]}`, unhydrated, other},
		{"sent_at twice", `{"api_key":"t","sent_at":null,"sent_at":null,"batch":[` + event + `]}`, unhydrated, other},
		{"an unknown member twice", `{"api_key":"t","x":1,"x":2,"batch":[` + event + `]}`, ok, ok},
		{"an event's name twice", `{"api_key":"t","event":"e","event":"e","distinct_id":"d"}`, unhydrated, other},
		{"distinct_id and $distinct_id", `[{"token":"t","event":"e","distinct_id":"d","$distinct_id":"d"}]`,
			other, other},
		{"properties twice", `[{"token":"t","event":"e","distinct_id":"d","properties":{},"properties":{}}]`,
			other, other},
		{"an escaped name is the same name", `[{"token":"t","event":"e","distinct_id":"d","$distinct_i\u0064":"d"}]`,
			other, other},
		{"an offset of 2^63", `[{"token":"t","event":"e","distinct_id":"d","offset":9223372036854775808}]`,
			other, other},
		{"the largest offset", `[{"token":"t","event":"e","distinct_id":"d","offset":9223372036854775807}]`, ok, ok},
		{"an offset of -0", `[{"token":"t","event":"e","distinct_id":"d","offset":-0}]`, other, other},
		{"an event as an array", `["t","d",null,"e",{},null,null,null,null]`, ok, ok},
		{"a batch as an array", `["t",null,null,[` + event + `]]`, ok, ok},
		{"events as arrays", `[["t","d",null,"e",{},null,null,null,null]]`, ok, ok},
		{"a name that is none, in an array", `["t","d",null,5,{},null,null,null,null]`, other, other},
		{"no name, in an array", `["t","d",null,{},null,null,null,null]`, unhydrated, other},
		{"one value too few", `["t","d",null,"e",{},null,null,null]`, other, other},
		{"a uuid without hyphens in braces",
			`[{"token":"t","event":"e","distinct_id":"d","uuid":"{018a981f4b357c66825e8b0eeae65714}"}]`, other, other},
		{"more behind the body", single + "{}", "400 failed to parse request: trailing characters at line 1 column 46",
			"400 failed to parse request: trailing characters at line 1 column 46"},
		{"a byte order mark", "\ufeff" + single, notJSON, notJSON},
	} {
		for g, want := range map[capture.Generation]string{capture.Current: row.now, capture.Generation2024: row.in24} {
			if got := said(handled(New(Config{Generation: g}), post("/batch", row.body))); got != want {
				t.Errorf("%v: %s:\n got %s\nwant %s", g, row.fact, got, want)
			}
		}
	}
}

// TestStrictQuery: parameters are of their types, and come once.
func TestStrictQuery(t *testing.T) {
	t.Parallel()
	const text = "400 Failed to deserialize query string: "
	for _, row := range []struct{ query, now, in24 string }{
		{"_=abc", text + "invalid digit found in string", text + "invalid digit found in string"},
		{"_=", text + "cannot parse integer from empty string", text + "cannot parse integer from empty string"},
		{"_=9223372036854775808", text + "number too large to fit in target type",
			text + "number too large to fit in target type"},
		{"_=1&sent_at=1", text + "duplicate field `sent_at`", text + "duplicate field `sent_at`"},
		{"compression=gzip&compression=gzip", text + "duplicate field `compression`",
			text + "duplicate field `compression`"},
		{"beacon=yes", text + "invalid digit found in string", ok},
		{"ver=1&ver=1", ok, text + "duplicate field `lib_version`"},
		{"ip=1&ip=1&x&x", ok, ok},
	} {
		for g, want := range map[capture.Generation]string{capture.Current: row.now, capture.Generation2024: row.in24} {
			if got := said(handled(New(Config{Generation: g}), post("/e/?"+row.query, single))); got != want {
				t.Errorf("%v: %s:\n got %s\nwant %s", g, row.query, got, want)
			}
		}
	}
}

// TestHead: HEAD is GET without the body of the answer, and OPTIONS is answered
// before the routes are looked at.
func TestHead(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]int{"/e/": 400, "/batch": 400, "/": 200, "/nowhere": 404} {
		for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
			s := New(Config{Generation: g})
			if got := handled(s, request{method: "HEAD", target: target}).Response.StatusCode(); got != want {
				t.Errorf("%v: HEAD %s: %d, want %d", g, target, got, want)
			}
			ctx := handled(s, request{method: "OPTIONS", target: target})
			h := &ctx.Response.Header
			if got := fmt.Sprintf("%s %s", said(ctx),
				h.Peek("Access-Control-Allow-Methods")); got != "200 GET,POST,OPTIONS" || len(h.Peek("Vary")) == 0 {
				t.Errorf("%v: OPTIONS %s: %s", g, target, got)
			}
		}
	}
}
