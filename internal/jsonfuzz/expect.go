package jsonfuzz

import "strings"

// Expectation is what the service makes of a body: a status with a text, or a
// status of 200 and how many events it takes.
type Expectation struct {
	Status int
	Text   string // of a refusal
	Events int
}

func no(status int, text string) Expectation { return Expectation{Status: status, Text: text} }

const unshaped = "failed to parse request: data did not match any variant of untagged enum RawRequest"

// Expect returns what the service makes of a v0 body that is UTF-8: that of 2024, or
// that of today, on a route that takes events without a name or on another.
func Expect(body string, in24, engage bool) Expectation {
	root, wrong := parse(body)
	if root == nil {
		return no(400, "failed to parse request: "+wrong)
	}
	event := eventOf(in24, true)
	var envelope map[string]*node
	var events []*node
	nameless := false
	switch batch := batchOf(event); {
	case root.kind == 'a' && listOf(event.accepts)(root):
		events = root.items
	case batch.accepts(root):
		envelope, _ = batch.members(root)
		events = envelope["batch"].items
	case event.accepts(root):
		events = []*node{root}
	case !in24 && eventOf(false, false).accepts(root):
		events, nameless = []*node{root}, true
	default:
		return no(400, unshaped)
	}
	switch {
	case wrong != "":
		return no(400, "failed to parse request: "+wrong)
	case nameless && !engage:
		return no(400, "failed to hydrate events from request: non-engage request missing event name attribute")
	}
	return judge(read(events, in24, nameless), envelope["token"], in24)
}

// happening is an event as far as it is judged.
type happening struct {
	name, id   string
	hasID      bool
	token      string
	hasToken   bool
	cookieless bool // the mode is one
}

// read reads events.
func read(events []*node, in24, nameless bool) (list []happening) {
	for _, n := range events {
		got, _ := eventOf(in24, !nameless).members(n)
		h := happening{name: "$identify", cookieless: true}
		if !nameless {
			h.name, _ = said(got["event"])
		}
		properties := got["properties"]
		if properties == nil {
			properties = &node{}
		}
		if h.token, h.hasToken = said(got["token"]); !h.hasToken {
			h.token, h.hasToken = said(properties.last("token"))
		}
		id := got["distinct_id"]
		if id == nil || id.kind == 'n' {
			id = properties.last("distinct_id")
		}
		if h.hasID = id != nil && id.kind != 'n'; h.hasID {
			if h.id = "what is no string is not empty"; id.kind == 's' {
				h.id = strings.ReplaceAll(id.text, "\x00", "\ufffd")
			}
		}
		if mode := properties.last("$cookieless_mode"); mode != nil {
			h.cookieless = mode.kind == 'b'
		}
		list = append(list, h)
	}
	return list
}

// judge takes the steps of the service that follow the parsing.
func judge(events []happening, envelope *node, in24 bool) Expectation {
	if !in24 {
		if len(events) == 0 {
			return no(400, "request holds no event")
		}
		var kept []happening
		for _, h := range events {
			if h.name != "$performance_event" {
				kept = append(kept, h)
			}
		}
		if events = kept; len(events) == 0 {
			return Expectation{Status: 200}
		}
	}
	if e := token(events, envelope, in24); e.Status != 0 {
		return e
	}
	if len(events) == 0 {
		return no(400, "request holds no event")
	}
	for _, h := range events {
		switch {
		case h.name == "":
			return no(400, "event submitted with an empty event name")
		case !h.hasID || !in24 && isBlank(h.id):
			return no(400, "event submitted without a distinct_id")
		case h.id == "":
			return no(400, "event submitted with an empty distinct_id")
		case !in24 && !h.cookieless:
			return no(400, "event submitted with invalid cookieless mode")
		}
	}
	return Expectation{Status: 200, Events: len(events)}
}

// token returns what is wrong with the token, if anything is.
func token(events []happening, envelope *node, in24 bool) Expectation {
	tokens := map[string]bool{}
	if t, ok := said(envelope); ok {
		tokens[t] = true
	} else {
		for _, h := range events {
			if h.hasToken {
				tokens[h.token] = true
			}
		}
	}
	switch len(tokens) {
	case 0:
		return no(401, "event submitted without an api_key")
	case 1:
	default:
		return no(401, "batch submitted with inconsistent api_key values")
	}
	for t := range tokens {
		if !in24 {
			t = strings.TrimSpace(t)
		}
		wrong := ""
		switch {
		case t == "":
			wrong = "empty"
		case len(t) > 64:
			wrong = "too_long"
		case strings.IndexFunc(t, func(r rune) bool { return r > 127 }) >= 0:
			wrong = "not_ascii"
		case strings.HasPrefix(t, "phx_"):
			wrong = "personal_api_key"
		case !in24 && strings.Contains(t, "\x00"):
			wrong = "null_byte"
		}
		if wrong != "" {
			return no(401, "API key is not valid: "+wrong)
		}
	}
	return Expectation{}
}
