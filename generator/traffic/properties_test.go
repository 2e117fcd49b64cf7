package traffic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/scenario"
)

// doubled returns the first name that an object in a JSON text has twice; a Go map
// would hide it.
func doubled(text []byte) (string, error) {
	in := json.NewDecoder(bytes.NewReader(text))
	var names []map[string]bool // of the objects around; nil: an array
	key := false
	for {
		token, err := in.Token()
		if err == io.EOF {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		in := len(names) > 0 && names[len(names)-1] != nil
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				names, key = append(names, map[string]bool{}), true
				continue
			case '[':
				names, key = append(names, nil), false
				continue
			}
			names = names[:len(names)-1]
			in = len(names) > 0 && names[len(names)-1] != nil
			key = in
		case string:
			if in && key {
				if names[len(names)-1][t] {
					return t, nil
				}
				names[len(names)-1][t], key = true, false
				continue
			}
			key = in
		default:
			key = in
		}
	}
}

// builtIn are the names of all built-in properties.
func builtIn() (all []string) {
	for _, lines := range [][]string{browser, page, click, flagCalled, mobile, screen, lifecycle, server, commerce, profile, group} {
		for _, line := range lines {
			for _, m := range members(line) {
				all = append(all, strings.SplitN(m, `"`, 3)[1])
			}
		}
	}
	return append(all, "$groups", "$group_type", "$group_key", "$elements", "$process_person_profile", "note", "filler", "attachment", "excess", "alias", "$anon_distinct_id")
}

// Whatever names a scenario gives properties, no object of an event has a name
// twice, and the value is that of the scenario.
func TestPropertiesStandOnce(t *testing.T) {
	t.Parallel()
	names := append(builtIn(), "plain", "with, comma", `with "quotes"`, "😀", "<1..5>")
	events := []string{"$pageview", "$autocapture", "$screen", "$identify", "$create_alias", "$groupidentify", "$set", "purchase", "$feature_flag_called"}
	rapid.Check(t, func(t *rapid.T) {
		mix, given := strings.Builder{}, map[string][]string{}
		for _, event := range events {
			from := rapid.SampledFrom([]string{"browser", "mobile", "server"}).Draw(t, "from")
			weight := 5.0
			if scenario.IsMerge(event) {
				weight = 1
			}
			if event == "$pageview" {
				from = "browser" // that there are sessions for merges to end
			}
			fmt.Fprintf(&mix, "%s: {weight: %v, from: %s", event, weight, from)
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 8, rapid.ID).Draw(t, event) {
				if name == pipeline.LinkProperty(event) {
					continue
				}
				if given[event] == nil {
					mix.WriteString(", properties: {")
				} else {
					mix.WriteString(", ")
				}
				key, _ := json.Marshal(name)
				fmt.Fprintf(&mix, "%s: mine", key)
				given[event] = append(given[event], name)
			}
			if given[event] != nil {
				mix.WriteString("}")
			}
			mix.WriteString("}, ")
		}
		size := rapid.SampledFrom([]string{"{p50: 300, p99: 900}", "{p50: 3000, p99: 9000}"}).Draw(t, "size")
		text := "name: a\nload: {profile: 'const(100, 1500ms)'}\ntraffic:\n  distinct_ids: {count: 50}\n  personless: 50%\n  groups: {company: 10}\n  properties: {bytes: " + size + "}\n  events: {" + strings.TrimSuffix(mix.String(), ", ") + "}\n"
		s, err := scenario.Parse("a.yaml", []byte(text), scenario.Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		m, pen := New(s.Traffic, s.Load.Curve), Writer{Due: func(int64) time.Duration { return 0 }}
		var e capture.Event
		for i := range s.Load.Curve.Total() {
			m.Write(&e, i, &pen)
			if name, err := doubled(e.Properties); name != "" || err != nil {
				t.Fatalf("%s has %q twice, error %v: %.600s", e.Name, name, err, e.Properties)
			}
			for _, name := range given[string(e.Name)] {
				key, _ := json.Marshal(name)
				if size == "{p50: 3000, p99: 9000}" && !bytes.Contains(e.Properties, append(key, `:"mine"`...)) {
					t.Fatalf("%s lacks %s: %.600s", e.Name, key, e.Properties)
				}
			}
		}
	})
}

// What makes an event too large on purpose takes another name, too.
func TestExcessStandsOnce(t *testing.T) {
	t.Parallel()
	text := "name: a\nload: {profile: 'const(20, 1s)'}\ntraffic: {faults: {invalid: {over_size: 90%}}, events: {a: {properties: {attachment: mine, excess: mine, note: 1}}}}\n"
	s, err := scenario.Parse("a.yaml", []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, pen := New(s.Traffic, s.Load.Curve), Writer{Due: func(int64) time.Duration { return 0 }}
	var e capture.Event
	large := 0
	for i := range s.Load.Curve.Total() {
		if m.Write(&e, i, &pen); len(e.Properties) < capture.MaxEvent {
			continue
		}
		large++
		if name, err := doubled(e.Properties); name != "" || err != nil || !bytes.Contains(e.Properties, []byte(`,"excess2":"`)) {
			t.Errorf("%q twice, error %v: %.300s", name, err, e.Properties)
		}
	}
	if large == 0 {
		t.Error("no event is too large")
	}
}

// The checker finds what it is to find.
func TestDoubled(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}`: "", `{"a":1,"b":2,"a":3}`: "a", `{"a":{"b":"b","b":[]}}`: "b", `{"a":["a","a"],"b":"a"}`: "", `{"x":[{"y":1,"y":2}]}`: "y",
	} {
		if got, err := doubled([]byte(text)); got != want || err != nil {
			t.Errorf("%s: %q, error %v, want %q", text, got, err, want)
		}
	}
}

// A line is cut into its members wherever commas stand in values.
func TestMembers(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^"[$\w]+":`)
	for _, lines := range [][]string{browser, mobile, server, commerce, profile, group, page, click, flagCalled, screen, lifecycle} {
		for _, line := range lines {
			all := members(line)
			if strings.Join(all, ",") != line {
				t.Errorf("%q became %q", line, all)
			}
			for _, m := range all {
				if !name.MatchString(m) {
					t.Errorf("%q is no member of %q", m, line)
				}
			}
		}
	}
}
