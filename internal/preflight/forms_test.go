package preflight_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rehearse/internal/preflight"
)

// hot is a scenario that shows everything: an id that overflows, one with a name
// that must be escaped, merges, a capacity that is passed.
const hot = `name: forms
intake: {committed: yes, starts: 2026-12-05T10:00:00+01:00, overlap: yes, apps: yes}
load:
  profile: line(0, 2000, 5s) const(2000, 20s) line(2000, 0, 5s)
traffic:
  seed: 12
  distinct_ids: {count: 10k, hot: [{id: backend, share: 20%}, {id: '<b>|*&"', share: 9%}]}
  events: {$pageview: 90, $identify: 5}
  properties: {bytes: {p50: 300, p99: 400}}
`

// forms are reports of all kinds.
func forms(t *testing.T) []*preflight.Report {
	t.Helper()
	pipeline := facts(t, "capacity: {events: 1500/s, from: measured}\nhours: {zone: Europe/Berlin}\n")
	return []*preflight.Report{
		suppose(t, parse(t, hot), pipeline),
		count(t, parse(t, hot, "load.profile=line(0, 900, 5s)"), pipeline),
		suppose(t, parse(t, sound, "intake=null", "target.historical_migration=true", "traffic.tokens=[{token: phc_number_one}, {token: phc_number_two}]"), nil),
	}
}

// TestSchema: what is written is what the schema says, and nothing else.
func TestSchema(t *testing.T) {
	t.Parallel()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(preflight.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("check.json", tree); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("check.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range forms(t) {
		var text bytes.Buffer
		if err := r.WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(&text)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
	}
}

// TestForms: as text, Markdown and picture, as they were when a person last
// looked at them.
func TestForms(t *testing.T) {
	t.Parallel()
	r := forms(t)[0]
	for name, write := range map[string]func(io.Writer) error{
		"forms.txt":       func(w io.Writer) error { return r.WriteText(w, preflight.Terminal{}) },
		"forms-ascii.txt": func(w io.Writer) error { return r.WriteText(w, preflight.Terminal{ASCII: true}) },
		"forms.md":        r.WriteMarkdown,
		"forms.svg":       r.WriteSVG,
	} {
		var text bytes.Buffer
		if err := write(&text); err != nil {
			t.Fatal(err)
		}
		golden(t, name, text.Bytes())
	}
}

// TestText: no line is too long, ASCII is ASCII, and colours are for those who
// asked for them.
func TestText(t *testing.T) {
	t.Parallel()
	for _, r := range forms(t) {
		var rich, plain, coloured bytes.Buffer
		for out, terminal := range map[*bytes.Buffer]preflight.Terminal{&rich: {}, &plain: {ASCII: true}, &coloured: {Colour: true}} {
			if err := r.WriteText(out, terminal); err != nil {
				t.Fatal(err)
			}
		}
		for line := range strings.Lines(rich.String()) {
			if utf8.RuneCountInString(line) > 101 {
				t.Errorf("a line of %d columns: %s", utf8.RuneCountInString(line), line)
			}
		}
		for _, b := range plain.Bytes() {
			if b >= 0x80 {
				t.Fatalf("byte %#x in\n%s", b, plain.String())
			}
		}
		if bytes.ContainsRune(rich.Bytes(), 0x1b) || len(r.Findings) > 0 && !bytes.ContainsRune(coloured.Bytes(), 0x1b) {
			t.Error("colours where there should be none, or none where there should be some")
		}
	}
}

// TestPictureIsXML: whatever ids are called.
func TestPictureIsXML(t *testing.T) {
	t.Parallel()
	for _, r := range forms(t) {
		var text bytes.Buffer
		if err := r.WriteSVG(&text); err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(&text)
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestNoToken: no form tells a token.
func TestNoToken(t *testing.T) {
	t.Parallel()
	s := parse(t, sound, "target.token=phc_top_secret_token")
	r := foretell(t, s, nil)
	var text bytes.Buffer
	for _, write := range []func(io.Writer) error{r.WriteJSON, r.WriteMarkdown, r.WriteSVG, func(w io.Writer) error { return r.WriteText(w, preflight.Terminal{}) }} {
		if err := write(&text); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(text.String(), "secret") {
		t.Error("a token is told")
	}
}
