package permit

import (
	"strings"
	"testing"

	"rehearse/scenario/strict"
)

// soundTerms is a permit without a mistake.
const soundTerms = `format: rehearse/permit/v1
id: p-1
issued: 2026-11-22T09:00:00+01:00
purpose: a test
contact: data@acme.example
approver: jo@pipeline.example
hosts: [capture.example]
tokens: [sha256:942a4137897a7c46]
from: 2026-12-01T10:00:00+01:00
until: 2026-12-01T16:00:00+01:00
bounds: {peak: 5000/s, events: 3M}
`

// TestTermsMistakes changes one line of a sound permit each.
func TestTermsMistakes(t *testing.T) {
	t.Parallel()
	if _, err := parseTerms("p.yaml", []byte(soundTerms)); err != nil {
		t.Fatal(err)
	}
	if _, err := parseTerms("p.yaml", []byte(strings.Replace(soundTerms, "sha256:942a4137897a7c46", tokensRecorded, 1))); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ line, with, want string }{
		{"format: rehearse/permit/v1", "format: rehearse/permit/v2", `p.yaml:1:9: format: unknown word "rehearse/permit/v2"`},
		{"format: rehearse/permit/v1", "", "format: missing"},
		{"id: p-1", "id: a/b", "id: must be letters, digits"},
		{"id: p-1", "idd: p-1", "did you mean id?"},
		{"purpose: a test", "purpose: ''", "purpose: must not be empty"},
		{"purpose: a test", "purpose: ${HOME}", "p.yaml:4:10: a permit does not refer to the environment"},
		{"contact: data@acme.example", `contact: "a\nb"`, "contact: must be one line"},
		{"approver: jo@pipeline.example", "approver: '*'", "approver: must be one name"},
		{"approver: jo@pipeline.example", "approver: jo ann", "approver: must be one name"},
		{"hosts: [capture.example]", "hosts: []", "hosts: must not be empty"},
		{"hosts: [capture.example]", "hosts: [capture.example, '*.example']", "hosts[1]: cannot read"},
		{"tokens: [sha256:942a4137897a7c46]", "tokens: [phc_secret]", "tokens[0]: is no fingerprint of a token"},
		{"tokens: [sha256:942a4137897a7c46]", "tokens: [sha256:942A4137897A7C46]", "tokens[0]: is no fingerprint"},
		{"tokens: [sha256:942a4137897a7c46]", "tokens: []", "tokens: must not be empty"},
		{"id: p-1", "id: p-1\nscenario: abc", "scenario: is no fingerprint of a scenario"},
		{"from: 2026-12-01T10:00:00+01:00", "from: 2026-12-01 10:00:00", "from: cannot read"},
		{"from: 2026-12-01T10:00:00+01:00", "from: 2026-12-01", "from: cannot read"},
		{"until: 2026-12-01T16:00:00+01:00", "until: 2026-12-01T09:00:00Z", "until: the window ends before it begins"},
		{"until: 2026-12-01T16:00:00+01:00", "until: 2027-12-01T09:00:00Z", "until: a window is at most 62 days long"},
		{"issued: 2026-11-22T09:00:00+01:00", "issued: 2026-12-22T09:00:00+01:00", "issued: the permit was issued after its window"},
		{"bounds: {peak: 5000/s, events: 3M}", "bounds: {events: 3M}", "bounds.peak: missing"},
		{"bounds: {peak: 5000/s, events: 3M}", "bounds: {peak: 5000/s}", "bounds.events: missing"},
		{"bounds: {peak: 5000/s, events: 3M}", "bounds: {peak: 0/s, events: 3M}", "bounds.peak: must be 1/s"},
		{"bounds: {peak: 5000/s, events: 3M}", "bounds: {peak: 5000/s, events: 0}", "bounds.events: must be 1 to"},
		{"bounds: {peak: 5000/s, events: 3M}", "bounds: {peak: 5000/s, events: 1, batch: -1}", "bounds.batch:"},
		{"id: p-1", "id: p-1\nstop: {file: stop}", "stop.file: must be an absolute path"},
		{"id: p-1", "id: p-1\nstop: {url: ftp://x}", "stop.url: must be a URL"},
		{"id: p-1", "id: p-1\nstop: {url: 'https://jo:pw@x'}", "stop.url: must not hold a user"},
	} {
		t.Run(c.with, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(soundTerms, c.line+"\n", c.with+"\n", 1)
			if text == soundTerms {
				t.Fatal("nothing was changed")
			}
			_, err := parseTerms("p.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestTermsMistakesTogether: they come all at once, each with its place.
func TestTermsMistakesTogether(t *testing.T) {
	t.Parallel()
	_, err := parseTerms("p.yaml", []byte("format: x\nhosts: ['*']\nfrom: 1\nbounds: {peak: x, evnts: 1}\n"))
	wrong, ok := err.(strict.Errors)
	if !ok || len(wrong) < 8 {
		t.Fatalf("%v", err)
	}
}
