package format

import (
	"bytes"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
)

// accessLog reads the log of a web server: Common Log Format, with referrer and
// user agent behind it (combined) or not, with the virtual host before it or not.
// It is for the rhythm and the skew of such traffic: each line is an event of the
// logged-in user, or else of the host. Its name is the method and the kind of file,
// as in "GET page", and nothing of the path: names are never pseudonymized, and a
// path may name a person.
type accessLog struct{ text []byte } // without its escapes

func (d *accessLog) decode(row Line, seed int64, e *event.Event) event.Reason {
	l, ok := parseLog(row.Text)
	if !ok {
		return event.NotLogged
	}
	method, path := l.target()
	e.Rename("malformed request")
	if method != nil {
		e.Rename(string(method) + " " + kindOfFile(path))
	}
	e.SetPlainID(l.who())
	e.When = l.time
	e.Time, _ = parseLogTime(l.time)
	e.Open()
	e.PutText("$current_url", d.asSent(path))
	e.PutCell("status", l.status)
	if string(l.size) != "-" {
		e.PutCell("bytes", l.size)
	}
	e.PutText("$referrer", d.asSent(l.referrer))
	e.PutText("$raw_user_agent", d.asSent(l.agent))
	if isAddress(l.host) {
		e.PutText("$ip", l.host)
	}
	e.Close()
	e.Identify(nil, row.Text, seed)
	return ""
}

// logLine is where the parts of a line lie.
type logLine struct {
	host, user, time, request, status, size, referrer, agent []byte
}

// isAccessLog reports whether a line is one of an access log.
func isAccessLog(line []byte) bool {
	l, ok := parseLog(line)
	if !ok {
		return false
	}
	_, ok = parseLogTime(l.time)
	return ok
}

// parseLog cuts a line into its parts: [vhost] host ident user [time] "request"
// status size ["referrer" "agent" …].
func parseLog(line []byte) (l logLine, ok bool) {
	who, rest, ok := bytes.Cut(line, []byte(" ["))
	if !ok || !l.takeWho(who) {
		return l, false
	}
	l.time, rest, ok = bytes.Cut(rest, []byte("] \""))
	if !ok {
		return l, false
	}
	l.request, rest, ok = cutQuoted(rest)
	l.status, rest = nextWord(rest)
	l.size, rest = nextWord(rest)
	l.referrer, rest = nextQuoted(rest)
	l.agent, _ = nextQuoted(rest)
	return l, ok && len(l.status) == 3 && len(l.size) > 0
}

// takeWho tells who is meant by the words before the time: host ident user, as the
// Common Log Format has them, with the virtual host before them, or that in place of
// what identd said, which is never true. Of several hosts between commas the first is
// the client's, the others are proxies. Other words, or more, are another format: who
// is who in it cannot be guessed.
func (l *logLine) takeWho(who []byte) bool {
	client, _, proxied := bytes.Cut(who, []byte(", "))
	if proxied {
		_, names, _ := bytes.Cut(who[bytes.LastIndex(who, []byte(", "))+2:], []byte{' '})
		_, l.user, proxied = bytes.Cut(names, []byte{' '})
		l.host = client
		return proxied && len(client) > 0 && bytes.IndexByte(client, ' ') < 0 && bytes.IndexByte(l.user, ' ') < 0
	}
	var words [5][]byte
	n := 0
	for more := true; more && n < len(words); n++ {
		words[n], who, more = bytes.Cut(who, []byte{' '})
		if len(words[n]) == 0 {
			return false
		}
	}
	switch {
	case n == 3 && isAddress(words[1]):
		l.host, l.user = words[1], words[2]
	case n == 3:
		l.host, l.user = words[0], words[2]
	case n == 4 && string(words[1]) != "-" && (string(words[2]) == "-" || isAddress(words[1])):
		l.host, l.user = words[1], words[3]
	default:
		return false
	}
	return true
}

// cutQuoted cuts a text at the quote that ends it, which no backslash escapes.
func cutQuoted(text []byte) (inside, rest []byte, ok bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i], text[i+1:], true
		}
	}
	return nil, nil, false
}

// asSent takes back how servers write what could end a quoted text, and what cannot be
// printed: \" and \\, \x and two digits, and of Apache's \t and its like. A text with another
// escape was written by a server that has none, and stays as it is; so does what comes
// to no UTF-8. It is good until the next one.
func (d *accessLog) asSent(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	out := d.text[:0]
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		at := strings.IndexByte(`tnrvb`, text[i])
		var code [1]byte
		switch {
		case at >= 0:
			out = append(out, "\t\n\r\v\b"[at])
		case text[i] == 'x' && i+2 < len(text):
			if _, err := hex.Decode(code[:], text[i+1:i+3]); err != nil {
				return text
			}
			out = append(out, code[0])
			i += 2
		case text[i] == '"' || text[i] == '\\':
			out = append(out, text[i])
		default:
			return text
		}
	}
	if d.text = out; !utf8.Valid(out) {
		return text
	}
	return out
}

// nextWord returns what lies before the next blank.
func nextWord(text []byte) (word, rest []byte) {
	word, rest, _ = bytes.Cut(bytes.TrimLeft(text, " "), []byte{' '})
	return word, rest
}

// nextQuoted returns the text that follows in quotes, nil if none does.
func nextQuoted(text []byte) (inside, rest []byte) {
	text = bytes.TrimLeft(text, " ")
	if len(text) == 0 || text[0] != '"' {
		return nil, nil
	}
	inside, rest, _ = cutQuoted(text[1:])
	return inside, rest
}

// who is the user, if one is logged in whose name a pipeline takes for an id, or
// else the host.
func (l *logLine) who() []byte {
	if string(l.user) == "-" || pipeline.Illegal(l.user) {
		return l.host
	}
	return l.user
}

// target returns the method and the path of the request; the method is nil if it
// is none.
func (l *logLine) target() (method, path []byte) {
	method, rest, ok := bytes.Cut(l.request, []byte{' '})
	if !ok || len(method) == 0 || len(method) > 16 {
		return nil, nil
	}
	for _, b := range method {
		if b < 'A' || b > 'Z' {
			return nil, nil
		}
	}
	path, _, _ = bytes.Cut(rest, []byte{' '})
	return method, path
}

// kindOfFile tells from the extension of a path what it leads to.
func kindOfFile(path []byte) string {
	if end := bytes.IndexAny(path, "?#;"); end >= 0 {
		path = path[:end]
	}
	name := path[bytes.LastIndexByte(path, '/')+1:]
	dot := bytes.LastIndexByte(name, '.')
	if dot < 0 {
		return "page"
	}
	for _, kind := range [...]struct{ name, extensions string }{
		{"page", " html htm shtml xhtml php asp aspx jsp do cgi "},
		{"image", " png jpg jpeg gif webp svg ico avif bmp "},
		{"script", " js mjs "},
		{"style", " css "},
		{"font", " woff woff2 ttf otf eot "},
		{"data", " json xml rss atom txt csv "},
		{"media", " mp3 mp4 m4a webm ogg mpg mpeg mov avi wav ram "},
	} {
		if isListed(kind.extensions, name[dot+1:]) {
			return kind.name
		}
	}
	return "file"
}

// isListed reports whether a word stands in a list of words between blanks, in any
// case.
func isListed(list string, word []byte) bool {
	if len(word) == 0 || len(word) > 5 {
		return false
	}
	var wanted [7]byte
	wanted[0] = ' '
	n := 1 + copy(wanted[1:], word)
	for i := 1; i < n; i++ {
		if wanted[i]-'A' <= 'Z'-'A' {
			wanted[i] |= 0x20
		}
	}
	wanted[n] = ' '
	return strings.Contains(list, string(wanted[:n+1]))
}

// isAddress reports whether a host is written as an IP address.
func isAddress(host []byte) bool {
	if len(host) == 0 {
		return false
	}
	for _, b := range host {
		if !jsonscan.IsHex(b) && b != '.' && b != ':' {
			return false
		}
	}
	return bytes.Count(host, []byte{'.'}) == 3 || bytes.IndexByte(host, ':') >= 0
}

// parseLogTime reads a time as in 10/Oct/2000:13:55:36 -0700.
func parseLogTime(s []byte) (time.Time, bool) {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if len(s) < 20 || s[2] != '/' || s[6] != '/' || s[11] != ':' {
		return time.Time{}, false
	}
	day, okDay := event.Pairs(s, 0, 1)
	year, okYear := event.Pairs(s, 7, 2)
	month := strings.Index(months, string(s[3:6]))
	if !okDay || !okYear || month < 0 || month%3 != 0 || day < 1 || day > event.DaysIn(year, month/3+1) {
		return time.Time{}, false
	}
	var clock [32]byte // the same with a T, as parseTimeOfDay wants it
	clock[0] = 'T'
	ofDay, _, ok := event.ParseTimeOfDay(clock[:1+copy(clock[1:], s[12:])])
	return time.Date(year, time.Month(month/3+1), day, 0, 0, 0, 0, time.UTC).Add(ofDay), ok
}
