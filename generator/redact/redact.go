package redact

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/scenario"
)

// Redactor takes out of answers what must not be kept: an endpoint may quote the
// request in them, and with it the token and what a customer recorded.
//
// Of an answer are kept its first bytes, and of these is taken out
//
//   - the token, in any case, escaped or percent-encoded, and its hexadecimal and
//     base64 forms, or any eight characters of it;
//   - any value of the request's JSON: texts of four characters and more, numbers of
//     five and more, and any eight characters of a longer one;
//   - runs of 16 characters and more that are no words: ids, hashes, base64.
//
// What is no text is not kept at all, nor what still shows the token when all but
// letters and digits is left out, nor what comes too fast to be compared.
//
// It is for one sender; what it knows of secrets is shared.
type Redactor struct {
	secrets *Secrets

	decoder  capture.Decoder
	inflater capture.Inflater
	known    *grams // of the text that is compared; nil: none was yet

	last, kept []byte        // the answer before, and what was kept of it
	clean      []byte        // the last text in which nothing of the request was found, its digits made 0
	second     time.Duration // of the comparisons that are counted
	compared   int
}

// Secrets are what must never show.
type Secrets struct {
	plain    [][]byte // in lower case
	forms    [][]byte // likewise, and encoded
	squeezed [][]byte // of the forms, letters and digits alone
	grams    grams    // of the plain ones
}

// The bounds of striking.
const (
	keptBytes      = 1 << 10 // bytes of an answer that are looked at
	gramSize       = 8       // characters that are no coincidence
	shortestText   = 4       // of a value
	shortestNumber = 5
	shortestRun    = 16
	mostCompared   = 10 // answers a second that are compared with their requests, by each sender
)

// redacted stands for what was taken out.
const redacted = "[redacted]"

// New returns what keeps the secrets of a scenario, and what a request holds, out of
// the answers to it.
func New(secrets *Secrets) *Redactor { return &Redactor{secrets: secrets} }

// SecretsOf returns the secrets of a scenario.
func SecretsOf(s *scenario.Scenario) *Secrets {
	k := &Secrets{}
	k.add(s.Target.Token.Reveal())
	if s.Traffic != nil {
		for _, t := range s.Traffic.Tokens {
			k.add(t.Token.Reveal())
		}
	}
	if s.Replay != nil {
		k.add(s.Replay.Key.Reveal())
	}
	return k
}

// shortestSecret is how long a secret must be: a shorter one is a part of words.
const shortestSecret = 6

// add takes in a secret, and its forms.
func (k *Secrets) add(secret string) {
	if len(secret) < shortestSecret {
		return
	}
	forms := []string{secret, hex.EncodeToString([]byte(secret))}
	for shift, skipped := range []int{0, 2, 3} { // where it may stand in what was encoded
		whole := (shift + len(secret)) / 3 * 4 // what follows may be of the next bytes
		for _, coding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := coding.EncodeToString(append(make([]byte, shift), secret...))
			forms = append(forms, text[skipped:whole])
		}
	}
	for _, form := range forms {
		lower := bytes.ToLower([]byte(form))
		k.forms, k.squeezed = append(k.forms, lower), append(k.squeezed, squeeze(lower))
	}
	k.plain = append(k.plain, k.forms[len(k.forms)-len(forms)])
	k.grams.add(k.plain[len(k.plain)-1])
}

// mark marks the secrets in a text, and any eight characters of one.
func (k *Secrets) mark(m *redaction) {
	for _, form := range k.forms {
		m.all(form)
	}
	for i := 0; i+gramSize <= len(m.lower); i++ {
		window := m.lower[i : i+gramSize]
		inside := func(secret []byte) bool { return bytes.Contains(secret, window) }
		if k.grams.has(window) && slices.ContainsFunc(k.plain, inside) {
			m.mark(i, i+gramSize)
		}
	}
}

// show tells whether a text shows a secret when all but letters and digits is left
// out.
func (k *Secrets) show(text []byte) bool {
	lean := squeeze(bytes.ToLower(unescaped(text)))
	return slices.ContainsFunc(k.squeezed, func(secret []byte) bool {
		return len(secret) >= gramSize && bytes.Contains(lean, secret)
	})
}

// Redact returns what may be kept of an answer to r at a time. It is valid until
// the next one.
func (k *Redactor) Redact(answer []byte, r *body.Request, now time.Duration) []byte {
	if len(answer) == 0 {
		return nil
	}
	head := answer[:min(len(answer), keptBytes)]
	if !bytes.Equal(head, k.last) || isGzip(head) {
		k.last, k.kept = append(k.last[:0], head...), k.keep(answer, r, now)
	}
	return k.kept
}

// keep returns what may be kept of an answer.
func (k *Redactor) keep(answer []byte, r *body.Request, now time.Duration) []byte {
	text := k.unzipped(answer)
	text = text[:min(len(text), keptBytes)]
	if !isText(text) {
		return unkept(len(answer), "that are no text")
	}
	m := newRedaction(unescaped(text))
	k.secrets.mark(m)
	m.runs()
	if !k.compare(m, r, now) {
		return unkept(len(answer), "that were not compared with the request")
	}
	kept := slices.Clone(text)
	if m.count > 0 {
		kept = m.redacted()
	}
	if k.secrets.show(kept) {
		return unkept(len(answer), "that show the token")
	}
	return kept
}

// unzipped is an answer that is compressed and does not say so.
func (k *Redactor) unzipped(answer []byte) []byte {
	if !isGzip(answer) {
		return answer
	}
	plain, err := k.inflater.Inflate(capture.Gzip, answer, capture.MaxAnswer)
	if err != nil {
		return answer
	}
	return plain
}

func isGzip(text []byte) bool { return bytes.HasPrefix(text, []byte{0x1f, 0x8b}) }

// unkept stands for an answer that is not kept.
func unkept(n int, why string) []byte {
	return append(strconv.AppendInt([]byte("[redacted: "), int64(n), 10), " bytes "+why+"]"...)
}

// isText tells whether bytes are text, which may be cut in the middle of a character.
func isText(text []byte) bool {
	for cut := range utf8.UTFMax {
		if cut <= len(text) && utf8.Valid(text[:len(text)-cut]) {
			return bytes.IndexByte(text, 0) < 0
		}
	}
	return false
}

// compare marks what the request holds as well. False: it was not compared, for
// want of time or because it is of an unknown form. What said nothing of a request is
// not compared again, whatever its numbers are.
func (k *Redactor) compare(m *redaction, r *body.Request, now time.Duration) bool {
	key := m.key()
	if bytes.Equal(key, k.clean) {
		return true
	}
	if second := now.Truncate(time.Second); second != k.second {
		k.second, k.compared = second, 0
	}
	k.compared++
	plain, ok := k.plain(r)
	if !ok || k.compared > mostCompared {
		return false
	}
	before := m.count
	k.known = cmp.Or(k.known, &grams{})
	*k.known = grams{}
	k.known.add(m.lower)
	show := func(value []byte, text bool) { m.value(value, text, k.known) }
	values(plain, show)
	for _, h := range r.Headers {
		show([]byte(strings.TrimPrefix(h.Value, "Bearer ")), true)
	}
	if m.count == before {
		k.clean = key
	}
	return true
}

// plain returns the JSON text of a request.
func (k *Redactor) plain(r *body.Request) ([]byte, bool) {
	if r.ContentEncoding != "" || len(r.Results) > 0 {
		plain, err := k.inflater.Inflate(capture.Coding(r.ContentEncoding), r.Body, capture.MaxPlainV1)
		if err == nil && isJSON(plain) {
			return plain, true
		}
	}
	path, query, _ := bytes.Cut([]byte(r.Path), []byte("?"))
	plain, err := k.decoder.Text(&capture.Request{
		Path: path, Query: query, ContentType: []byte(r.ContentType), ContentEncoding: []byte(r.ContentEncoding),
		Body: r.Body,
	})
	return plain, err == nil && isJSON(plain)
}

// isJSON tells whether a text begins as an object or a list.
func isJSON(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}
