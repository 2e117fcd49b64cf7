package redact

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/generator/body"
)

// secretToken looks as tokens do.
const secretToken = "phc_Zx9Kq2LmW7vR4tYb8NcD1fGhJ3sQpA"

// plainToken is a token that is made of words, so that it shows by nothing else that it is one.
const plainToken = "acme_sandbox_bluebird"

// quotedRequest is what a customer recorded.
const quotedRequest = `{"api_key":"` + secretToken + `","batch":[{"event":"Order Paid","distinct_id":"anna@example.com","timestamp":"2026-11-22T09:00:00Z",` +
	`"properties":{"name":"Anna Schmidt","city":"Köln","pin":"7391","iban":"DE89370400440532013000","amount":123456.78,"note":"a \"quoted\" text"}}]}`

// keptOf is what is kept of an answer to a request with that body.
func keptOf(t testing.TB, answer, sent string) string {
	t.Helper()
	s := parse(t, "name: a\nload: {profile: 'const(1, 1s)'}\ntraffic: {tokens: [{token: "+secretToken+"}, {token: "+plainToken+"}]}\n")
	k := &Redactor{secrets: SecretsOf(s)}
	return string(k.Redact([]byte(answer), &body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte(sent)}, 0))
}

// codings are ways in which an endpoint may quote.
var codings = map[string]func(string) string{
	"as it is":            func(s string) string { return s },
	"in upper case":       strings.ToUpper,
	"in other case":       strings.ToTitle,
	"hexadecimal":         func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEXADECIMAL":         func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"spaced hexadecimal":  func(s string) string { return fmt.Sprintf("% x", s) },
	"percent-encoded":     func(s string) string { return url.QueryEscape(s) },
	"percent all over":    func(s string) string { return each(s, "%%%02x") },
	"twice percent":       func(s string) string { return url.QueryEscape(each(s, "%%%02X")) },
	"JSON escapes":        func(s string) string { return each(s, `\u%04x`) },
	"escapes of escapes":  func(s string) string { return each(s, `\\u%04x`) },
	"bytes of a language": func(s string) string { return each(s, `\x%02x`) },
	"HTML":                func(s string) string { return html.EscapeString(s) },
	"HTML all over":       func(s string) string { return each(s, "&#%d;") },
	"base64":              func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 of URLs":      func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"base64 behind one":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("u:" + s + ":x")) },
	"base64 behind two":   func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(":" + s)) },
	"base64 of JSON":      func(s string) string { return base64.StdEncoding.EncodeToString([]byte(`{"api_key":"` + s + `"}`)) },
	"base64 in lines":     func(s string) string { return lined(base64.StdEncoding.EncodeToString([]byte(s))) },
	"in lines":            lined,
	"with dashes":         func(s string) string { return strings.Join(strings.Split(s, ""), "-") },
	"its beginning":       func(s string) string { return s[:len(s)-4] + "…" },
	"its end":             func(s string) string { return "…" + s[4:] },
	"gzip that is not said": func(s string) string {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write([]byte("not good: " + s))
		z.Close()
		return out.String()
	},
}

// each writes every byte of a text in a format.
func each(s, format string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, format, s[i])
	}
	return out.String()
}

// lined breaks a text into lines of ten.
func lined(s string) string {
	var out strings.Builder
	for i := range len(s) {
		if i%10 == 9 {
			out.WriteString("\r\n")
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// TestTokenIsStruck: in whatever coding an answer has the token, nothing is kept of
// it that gives it away.
func TestTokenIsStruck(t *testing.T) {
	t.Parallel()
	for name, coded := range codings {
		for _, around := range []string{"%s", `{"error":"unknown token","token":"%s","code":401}`, "bad key %s, sorry", "<p>%s</p>"} {
			for _, token := range []string{secretToken, plainToken} {
				answer := fmt.Sprintf(around, coded(token))
				kept := keptOf(t, answer, `{"api_key":"x"}`)
				if shows(kept, token) {
					t.Errorf("%s: of %q is kept %q", name, answer, kept)
				}
				if !strings.Contains(kept, "[redacted") {
					t.Errorf("%s: %q says nothing of what was struck from %q", name, kept, answer)
				}
			}
		}
	}
}

// shows tells whether a text gives away six characters of a secret, in any case or
// coding.
func shows(text, secret string) bool {
	texts := []string{text, string(unescaped([]byte(text)))}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !isRunByte(byte(r)) }) {
		for skip := range min(4, len(word)) {
			for _, coding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				word := word[skip:]
				plain, _ := coding.DecodeString(word[:len(word)/4*4])
				texts = append(texts, string(plain))
			}
			plain, _ := hex.DecodeString(word[skip : skip+(len(word)-skip)/2*2])
			texts = append(texts, string(plain))
		}
	}
	for _, t := range texts {
		lean := strings.ToLower(string(squeeze([]byte(t))))
		secret := strings.ToLower(string(squeeze([]byte(secret))))
		for i := 0; i+gramSize <= len(secret); i++ {
			if strings.Contains(lean, secret[i:i+gramSize]) {
				return true
			}
		}
	}
	return false
}

// TestQuotesAreStruck: what an answer has of the request's values is not kept; the
// words of the endpoint are.
func TestQuotesAreStruck(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ answer, kept string }{
		{"maximum event size exceeded", "maximum event size exceeded"},
		{`{"type":"validation_error","code":"invalid_project","detail":"Project API key invalid."}`, ""},
		{"<html><head><title>503 Service Temporarily Unavailable</title></head>", ""},
		{"upstream connect error or disconnect/reset before headers. reset reason: connection timeout", ""},
		{"invalid type: string \"anna@example.com\", expected u64 at line 1 column 30", `invalid type: string "[redacted]", expected u64 at line 1 column 30`},
		{"no person ANNA%40EXAMPLE.COM in batch", "no person [redacted] in batch"},
		{`event "Order Paid" of Anna Schmidt in K\u00f6ln, pin 7391`, `event "[redacted]" of [redacted] in [redacted], pin [redacted]`},
		{"amount 123456.78 is over 100000", "amount [redacted] is over 100000"},
		{`note a "quoted" text`, "note [redacted]"},
		{"iban DE8937040044… of 2026-11-22T09", "iban [redacted]… of [redacted]"},
		{"missing field distinct_id in properties", "missing field distinct_id in properties"},
		{"request id 6f1c2b7a-9d3e-4c55-8a10-2f77c0ffee11", "request id [redacted]"},
		{"\x00\x01\x02", "[redacted: 3 bytes that are no text]"},
		{"", ""},
	} {
		want := row.kept
		if want == "" {
			want = row.answer
		}
		if got := keptOf(t, row.answer, quotedRequest); got != want {
			t.Errorf("of %q is kept %q, want %q", row.answer, got, want)
		}
	}
	if got := keptOf(t, quotedRequest, quotedRequest); strings.Contains(got, "nna") || strings.Contains(got, "7391") || shows(got, secretToken) {
		t.Errorf("of the request itself is kept %q", got)
	}
	if got := keptOf(t, "who knows what this is", "\x01\x02"); got != "[redacted: 22 bytes that were not compared with the request]" {
		t.Errorf("of an answer to an unknown form is kept %q", got)
	}
}

// TestStrikingIsBounded: an endpoint that says something else each time costs no more
// than some comparisons a second; what differs in numbers alone costs one.
func TestStrikingIsBounded(t *testing.T) {
	t.Parallel()
	k := &Redactor{secrets: &Secrets{}}
	b := &body.Request{Path: "/batch/", ContentType: "application/json", Body: []byte(quotedRequest)}
	for i := range 1000 {
		said := fmt.Sprintf("busy for %d ms, request 6f1c2b7a-9d3e-4c55-8a10-%012d", i%10, i)
		if got := string(k.Redact([]byte(said), b, 0)); got != fmt.Sprintf("busy for %d ms, request [redacted]", i%10) || k.compared != 1 {
			t.Fatalf("%q, after %d comparisons", got, k.compared)
		}
	}
	kept := 0
	for i := range 1000 {
		if got := string(k.Redact([]byte(strings.Repeat("x", i+1)), b, 2*time.Second)); !strings.HasPrefix(got, "[redacted") {
			kept++
		}
	}
	if kept > mostCompared {
		t.Errorf("%d answers were compared in a second", kept)
	}
}

// TestStrikeProperty: whatever stands around it, no eight characters of the token and
// no value of the request are kept.
func TestStrikeProperty(t *testing.T) {
	t.Parallel()
	names := slices.Sorted(maps.Keys(codings))
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.StringMatching(`[a-zA-Z0-9 .,:;"'{}<>/=&%\\-]{0,30}`)
		token := rapid.SampledFrom([]string{secretToken, plainToken}).Draw(r, "token")
		coded := codings[rapid.SampledFrom(names).Draw(r, "coding")](token)
		answer := word.Draw(r, "before") + coded + word.Draw(r, "after")
		if kept := keptOf(t, answer, quotedRequest); shows(kept, token) {
			r.Fatalf("of %q is kept %q", answer, kept)
		}
	})
}

// FuzzStrike: nothing that stands in the place of an answer makes it longer than it
// may be, or break.
func FuzzStrike(f *testing.F) {
	f.Add([]byte(`{"error":"%70%68 \u0070 &amp;#x70; \x70"}`), []byte(quotedRequest))
	f.Add([]byte("\x1f\x8b\x08"), []byte("data=eyJh"))
	f.Fuzz(func(t *testing.T, answer, sent []byte) {
		k := &Redactor{secrets: &Secrets{}}
		k.secrets.add(secretToken)
		got := k.Redact(answer, &body.Request{Path: "/e/", ContentType: "text/plain", Body: sent}, 0)
		if len(got) > 3*keptBytes || shows(string(got), secretToken) {
			t.Errorf("of %q is kept %q", answer, got)
		}
	})
}
