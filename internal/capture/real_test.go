package capture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"rehearse/internal/jsonfuzz"
	"rehearse/internal/jsonscan"
)

// TestReal: a real serde makes of every body what the decoder makes of it: the
// same events with the same ids, times and lengths, or a refusal in the same
// words. It runs where .ci/serde has built the program that it is linked into.
func TestReal(t *testing.T) {
	program := os.Getenv("REHEARSE_SERDE")
	if program == "" {
		t.Skip("no program with a real serde: see .ci/serde")
	}
	bodies, _ := strconv.Atoi(os.Getenv("REHEARSE_BODIES"))
	real := jsonfuzz.Start(t, program)
	for i := range max(bodies, 10_000) {
		s := jsonfuzz.New(uint64(i))
		body, v1, query := s.Body(), s.BodyV1(), s.Query()
		if utf8.ValidString(body) {
			sameAs(t, real, 'o', body, reading(body, Generation2024, false))
			sameAs(t, real, 'n', body, reading(body, Current, false))
			sameAs(t, real, 'e', body, reading(body, Current, true))
		}
		sameAs(t, real, '1', v1, readingV1(v1))
		sameAs(t, real, 'q', query, queried(query, Generation2024))
		sameAs(t, real, 'Q', query, queried(query, Current))
		if t.Failed() {
			return
		}
	}
}

// reading is what the decoder makes of a body, in the words of the program.
func reading(body string, g Generation, engage bool) string {
	s := Submission{remainder: remainder{list: eventList{generation: g, sound: true}}}
	if refusal := s.parse([]byte(body), engage); refusal != nil {
		if refusal.Text == textHydrate {
			return "no name"
		}
		return strings.TrimPrefix(refusal.Text, textParse)
	}
	said := "ok"
	if s.Token != nil {
		said += line(string(s.Token), s.Historical)
	}
	for i := range s.list.kept {
		said += "\n" + told(&s.list.kept[i])
	}
	if w := s.list.wrong; w != nil && w.Text == textCookieless {
		said += "…" // the program does not look at that
	}
	return said
}

// told is an event as the program tells it.
func told(e *Received) string {
	p := parseEvent(jsonscan.New(e.Raw))
	if e.Raw[0] == '[' && !p.sound {
		p = parseNameless(jsonscan.New(e.Raw))
	}
	p.Event = e.Event
	var id []byte
	if raw := firstOf(p.id, p.innerID); raw != nil {
		id = stringify(raw)
	}
	var uuid []byte
	if p.hasUUID {
		uuid = []byte(p.UUID.String())
	}
	return line(string(p.Event), optional(firstOf(p.token, p.innerToken)), optional(id), optional(uuid), optional(p.Timestamp), quotedLength(p.appendData(nil, "")))
}

func optional(text []byte) any {
	if text == nil {
		return nil
	}
	return string(text)
}

// line is a line of JSON.
func line(values ...any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(values)
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(strings.TrimSpace(b.String()))
}

// taken cuts from what the program says of a body's events those that the service
// drops, and what follows the first that it would refuse: the decoder keeps neither.
func taken(said string, g Generation) string {
	lines := strings.Split(said, "\n")
	kept := lines[:1]
	for _, text := range lines[1:] {
		var values []any
		json.Unmarshal([]byte(text), &values)
		name, _ := values[0].(string)
		id, _ := values[2].(string)
		if g == Current && name == "$performance_event" {
			continue
		}
		if name == "" || id == "" || g == Current && len(bytes.TrimSpace([]byte(id))) == 0 {
			break
		}
		kept = append(kept, text)
	}
	return strings.Join(kept, "\n")
}

func readingV1(body string) string {
	d := DecoderV1{request: &RequestV1{}}
	d.restart()
	if refusal := d.parse([]byte(body)); refusal != nil && refusal.Code == "request_parsing_error" {
		return "no"
	}
	return fmt.Sprintf("ok %v %d", d.submission.Historical, d.count)
}

func queried(query string, g Generation) string {
	if _, refusal := parseQuery([]byte(query), g); refusal != nil {
		return strings.TrimPrefix(refusal.Text, textQuery)
	}
	return "ok"
}

func sameAs(t *testing.T, real *jsonfuzz.Real, kind byte, text, got string) {
	t.Helper()
	want, err := real.Ask(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case kind == 'q' && strings.HasPrefix(want, "unknown variant"):
		got, want = got[:min(len(got), 60)], want[:min(len(want), 60)] // untrusted text is told in part
	case kind == 'o':
		want = taken(want, Generation2024)
	case kind == 'n' || kind == 'e':
		want = taken(want, Current)
	}
	if sure, cut := strings.CutSuffix(got, "…"); cut && strings.HasPrefix(want, sure) {
		return
	}
	if got != want {
		t.Errorf("%c %q:\n got %s\nwant %s", kind, text, got, want)
	}
}
