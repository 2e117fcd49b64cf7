package pipeline

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIllegal: the cases on which readers of recordings and the model of the pipeline
// once differed are marked; what the service does decided.
func TestIllegal(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"": true, "  ": true, "\ufeff\u00a0": true, "GUEST": true, "null": true, "Null": false, "NaN": true, "nan": false,
		"0": true, "00": false, `"none"`: true, "'undefined'": true, "[object Object]": true, "user": false,
		"anonymous-user": false, `"`: false, `'Guest"`: false, "uNdEfInEd": true, `"'guest'"`: false,

		`""`:                      false, // the model took it for illegal
		" guest ":                 false, // both did: only an id of blanks alone is trimmed
		`" guest "`:               false, // readers did
		"         guest         ": false, // the model did, readers not
		`"  "`:                    false,
	} {
		if got := Illegal([]byte(id)); got != want {
			t.Errorf("%q: %v, want %v", id, got, want)
		}
	}
}

// TestLink: the values of which readers of recordings and the model once made different
// ids are all that is not text.
func TestLink(t *testing.T) {
	t.Parallel()
	const none = "no link"
	for _, c := range []struct{ name, properties, want string }{
		{"$identify", `{"$anon_distinct_id":"a\"b"}`, `a"b`},
		{"$identify", `{"alias":"a"}`, none},
		{"$create_alias", `{"alias":"a"}`, "a"},
		{"$merge_dangerously", `{"alias":"a"}`, "a"},
		{"$create_alias", `{"\u0061lias":"a"}`, "a"},
		{"$create_alias", `{"alias":"a","alias":"b"}`, "b"},
		{"$create_alias", `{"inner":{"alias":"a"}}`, none},
		{"$pageview", `{"alias":"a"}`, none},
		{"$identify", "", none},
		{"$identify", "null", none},

		{"$create_alias", `{"alias":12345}`, "12345"},
		{"$create_alias", `{"alias":1.50}`, "1.5"},
		{"$create_alias", `{"alias":-1e3}`, "-1000"},
		{"$create_alias", `{"alias":12345678901234567890}`, "12345678901234567000"},
		{"$create_alias", `{"alias":1E21}`, "1e+21"},
		{"$create_alias", `{"alias":0.00000012}`, "1.2e-7"},
		{"$create_alias", `{"alias":true}`, "true"},
		{"$create_alias", `{"alias":{"id":1}}`, "[object Object]"},
		{"$create_alias", `{"alias":[1,null,["a"]]}`, "1,,a"},
		{"$create_alias", `{"alias":[]}`, ""},
		{"$create_alias", `{"alias":""}`, none},
		{"$create_alias", `{"alias":0}`, none},
		{"$create_alias", `{"alias":-0.0}`, none},
		{"$create_alias", `{"alias":false}`, none},
		{"$create_alias", `{"alias":null}`, none},
		{"$identify", `{"$anon_distinct_id":null}`, "null"},
		{"$identify", `{"$anon_distinct_id":""}`, ""},
		{"$identify", `{"$anon_distinct_id":0}`, "0"},
	} {
		got := Link([]byte(c.name), []byte(c.properties))
		if (got == nil) != (c.want == none) || got != nil && string(got) != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, c.properties, got, c.want)
		}
	}
}

// TestLinkOfAnyText: an id that is text is taken as it is, whatever stands before it.
func TestLinkOfAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[a-z0-9{}\[\],:]{1,20}`).Draw(t, "id")
		before := rapid.SampledFrom([]string{``, `"a":{"alias":"x"},`, `"b":["alias",1],`, `"alias":"first",`}).Draw(t, "before")
		got, joins := AppendLink(nil, []byte("$create_alias"), []byte(`{`+before+` "alias" : "`+id+`" , "z":1}`))
		if !joins || string(got) != id {
			t.Fatalf("%q: %q, %v", id, got, joins)
		}
	})
}

// TestLane: names have lanes of their own before the batch's flag does, but not in 2024.
func TestLane(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                string
		historical, inPlace bool
		want                Lane
	}{
		{"$pageview", false, false, Main}, {"$pageview", true, false, Historical}, {"$pageview", true, true, Historical},
		{"$exception", true, false, Exceptions}, {"$exception", false, true, Main}, {"$exception", true, true, Historical},
		{"$$heatmap", false, false, Heatmaps}, {"$$client_ingestion_warning", true, false, Warnings},
	} {
		if got := LaneOf(c.name, c.historical, c.inPlace); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
