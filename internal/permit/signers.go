package permit

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"rehearse/internal/units"
	"rehearse/scenario/strict"
)

// Signers are those whose signatures count, in the order of their file.
type Signers struct {
	file    string
	entries []signer
}

// signer is one line of a file of allowed signers.
type signer struct {
	line          int
	principals    []string // patterns
	namespaces    []string // patterns; nil: all
	after, before time.Time
	authority     bool // the key is that of a certificate authority
	key           ssh.PublicKey
}

// ReadSigners reads a file of allowed signers.
func ReadSigners(path string) (Signers, error) {
	text, err := readBounded(path)
	if err != nil {
		return Signers{}, fmt.Errorf("cannot read the allowed signers: %w", err)
	}
	return parseSigners(path, text, time.Local)
}

// parseSigners reads the text of a file of allowed signers as ssh-keygen(1) has
// it: principals, options, key, comment. Times without Z are those of the zone.
// The error is of type strict.Errors and tells every mistake; a file without a
// signer is one, because it would refuse everything.
func parseSigners(file string, text []byte, zone *time.Location) (Signers, error) {
	s := Signers{file: file}
	var wrong strict.Errors
	number := 0
	for line := range bytes.Lines(text) {
		number++
		content := strings.TrimSpace(string(line))
		if content == "" || strings.HasPrefix(content, "#") {
			continue
		}
		entry, err := parseSigner(content, zone)
		if err != nil {
			wrong = append(wrong, strict.Error{File: file, Line: number, Col: 1, What: err.Error()})
			continue
		}
		entry.line = number
		s.entries = append(s.entries, entry)
	}
	if len(wrong) == 0 && len(s.entries) == 0 {
		wrong = strict.Errors{{File: file, What: "names no allowed signer, so that no permit can be accepted",
			Hint: `a line is jo@pipeline.example namespaces="` + namespace + `" ssh-ed25519 AAAA…`}}
	}
	if len(wrong) > 0 {
		return Signers{}, wrong
	}
	return s, nil
}

// parseSigner reads one line.
func parseSigner(line string, zone *time.Location) (s signer, err error) {
	words, err := splitWords(line)
	if err != nil {
		return s, err
	}
	if len(words) < 2 {
		return s, errors.New("a line has principals, perhaps options, and a key")
	}
	s.principals = strings.Split(strings.Trim(words[0], `"`), ",")
	words = words[1:]
	if !isKeyType(words[0]) {
		if err := s.parseOptions(words[0], zone); err != nil {
			return s, err
		}
		words = words[1:]
	}
	if len(words) < 2 || !isKeyType(words[0]) {
		return s, errors.New("the key is missing, or of an unknown type: after the principals come options without " +
			"blanks " +
			"between them, then a type such as ssh-ed25519 and the key")
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(words[0] + " " + words[1]))
	if err != nil || key.Type() != words[0] {
		return s, errors.New("the key cannot be read")
	}
	s.key = key
	return s, nil
}

// splitWords splits a line at blanks that are not in quotes. The quotes stay.
func splitWords(line string) (words []string, err error) {
	quoted, begin := false, -1
	for i, c := range []byte(line) {
		blank := (c == ' ' || c == '\t') && !quoted
		switch {
		case blank && begin >= 0:
			words, begin = append(words, line[begin:i]), -1
		case !blank && begin < 0:
			begin = i
		}
		if c == '"' {
			quoted = !quoted
		}
		if len(words) == 4 {
			return words, nil // what follows the key is a comment
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	if begin >= 0 {
		words = append(words, line[begin:])
	}
	return words, nil
}

// isKeyType tells whether a word is a type of key rather than options.
func isKeyType(word string) bool {
	switch word {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoRSA, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256, keyDSA:
		return true
	}
	return false
}

// parseOptions reads what stands between principals and key.
func (s *signer) parseOptions(text string, zone *time.Location) (err error) {
	for text != "" && err == nil {
		var name, value string
		if name, value, text, err = cutOption(text); err != nil {
			return err
		}
		switch strings.ToLower(name) {
		case "cert-authority":
			s.authority = true
		case "namespaces":
			s.namespaces = strings.Split(value, ",")
		case "valid-after":
			s.after, err = parseStamp(value, zone)
		case "valid-before":
			s.before, err = parseStamp(value, zone)
		default:
			err = fmt.Errorf("unknown option %q (known: namespaces, valid-after, valid-before, cert-authority)",
				units.Clip(name))
		}
	}
	if err == nil && !s.after.IsZero() && !s.before.IsZero() && !s.before.After(s.after) {
		err = errors.New("the key is valid at no time: valid-before does not come after valid-after")
	}
	return err
}

// cutOption takes the first of a list of options off it.
func cutOption(text string) (name, value, rest string, err error) {
	at := strings.IndexAny(text, ",=")
	if at < 0 {
		return text, "", "", nil
	}
	if text[at] == ',' {
		return text[:at], "", text[at+1:], nil
	}
	name = text[:at]
	value, ok := strings.CutPrefix(text[at+1:], `"`)
	if !ok {
		return "", "", "", fmt.Errorf("the value of %s must stand in quotes", units.Clip(name))
	}
	value, rest, ok = strings.Cut(value, `"`)
	if !ok || rest != "" && rest[0] != ',' || value == "" {
		return "", "", "", fmt.Errorf("the value of %s cannot be read", units.Clip(name))
	}
	return name, value, strings.TrimPrefix(rest, ","), nil
}

// parseStamp reads a time as OpenSSH writes it: a date, perhaps a time of day to
// the minute or second, perhaps Z for UTC.
func parseStamp(text string, zone *time.Location) (time.Time, error) {
	digits, universal := strings.CutSuffix(text, "Z")
	if universal {
		zone = time.UTC
	}
	layouts := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}
	if layout, ok := layouts[len(digits)]; ok {
		if t, err := time.ParseInLocation(layout, digits, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("cannot read %q as a time: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC",
		units.Clip(text))
}

// vouch returns the reasons why key does not speak for the approver at a time,
// none if it does. The first line that fits in everything decides.
func (s Signers) vouch(approver string, key ssh.PublicKey, now time.Time) []string {
	print := ssh.FingerprintSHA256(key)
	var near []string
	for _, e := range s.entries {
		if !matches(e.principals, approver) {
			continue
		}
		why := e.objection(key, now)
		if why == "" {
			return nil
		}
		near = append(near, fmt.Sprintf("%s:%d: %s", s.file, e.line, why))
	}
	if near == nil {
		return []string{fmt.Sprintf("its approver %s is not among the allowed signers of %s", approver, s.file)}
	}
	return []string{fmt.Sprintf("it is signed by the key %s, which does not speak for %s (%s)", print, approver,
		strings.Join(near, "; "))}
}

// objection is why the line does not let key sign permits at a time.
func (e *signer) objection(key ssh.PublicKey, now time.Time) string {
	switch {
	case e.authority:
		return "certificates are not read here: list the approver's own key"
	case !bytes.Equal(e.key.Marshal(), key.Marshal()):
		return "another key, " + ssh.FingerprintSHA256(e.key)
	case e.namespaces != nil && !matches(e.namespaces, namespace):
		return "that key may not sign in the namespace " + namespace
	case !e.after.IsZero() && now.Before(e.after):
		return "that key is valid only after " + stamp(e.after)
	case !e.before.IsZero() && now.After(e.before):
		return "that key was valid only before " + stamp(e.before)
	}
	return ""
}

// matches tells whether one of the patterns stands for name and none with an
// exclamation mark does, as OpenSSH's lists of patterns have it.
func matches(patterns []string, name string) bool {
	found := false
	for _, p := range patterns {
		bare, negated := strings.CutPrefix(p, "!")
		if !wild(bare, name) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// wild matches a pattern in which * stands for any letters and ? for one.
func wild(pattern, name string) bool {
	plain := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "/", "\x00").Replace(pattern)
	ok, err := path.Match(plain, strings.ReplaceAll(name, "/", "\x00"))
	return err == nil && ok
}
