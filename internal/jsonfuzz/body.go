package jsonfuzz

import (
	"fmt"
	"strings"
)

// Body returns what may be meant as the body of a v0 request.
func (s *Source) Body() string {
	switch n := s.IntN(20); {
	case n < 8:
		return s.Break(s.batch())
	case n < 12:
		return s.Break(s.events("[", "]"))
	case n < 17:
		return s.Break(s.event())
	case n == 17:
		return s.Break(s.deep())
	}
	return s.Break(s.Value(4))
}

// events returns a list of events.
func (s *Source) events(open, last string) string {
	return s.list(open, last, 1, func(int) string { return s.event() })
}

// batch returns an envelope with events, in one of its forms.
func (s *Source) batch() string {
	if s.rarely(12) { // serde takes the members in their order, too
		parts := []string{`"phc_a"`, s.one("null", "true", "false", "1"), s.one("null", `"2026-01-01T00:00:00Z"`),
			s.events("[", "]")}
		return "[" + strings.Join(s.sized(parts), ",") + "]"
	}
	members := []string{
		member(s, s.one("token", "api_key"), s.one(`"phc_a"`, `"phc_a"`, `""`, "null", s.Value(1))),
		member(s, "batch", s.one(s.events("[", "]"), s.events("[", "]"), s.events("[", "]"), s.Value(2))),
	}
	for _, extra := range []string{
		member(s, "historical_migration", s.one("true", "false", "null", s.Value(1))),
		member(s, "sent_at", s.one(`"2026-01-01T00:00:00Z"`, "null", s.String(), s.Value(1))),
		s.Key() + ":" + s.Value(2),
	} {
		if s.rarely(3) {
			members = append(members, extra)
		}
	}
	return s.object(members)
}

// event returns an event, in one of its forms.
func (s *Source) event() string {
	if s.rarely(15) {
		parts := []string{s.one("null", `"phc_a"`), s.one(`"d"`, "5", "null"),
			s.one("null", `""`, `"018a981f-4b35-7c66-825e-8b0eeae65714"`), `"e"`, s.properties(),
			s.one("null", `"2026-01-01"`), s.one("null", "5"), s.one("null", "{}"), s.one("null", "{}")}
		if s.rarely(3) {
			parts = append(parts[:3], parts[4:]...)
		}
		return "[" + strings.Join(s.sized(parts), ",") + "]"
	}
	members := []string{
		member(s, "event", s.one(`"e"`, `"e"`, `"e"`, `"$performance_event"`, `""`, s.String())),
		member(s, s.one("distinct_id", "distinct_id", "$distinct_id"), s.one(`"d"`, `"d"`, s.Value(2))),
		member(s, s.one("token", "api_key", "$token"),
			s.one(`"phc_a"`, `"phc_a"`, `"phc_a"`, `"phc_b"`, "null", s.Value(1))),
	}
	for i := range members {
		if s.rarely(6) {
			members[i] = ""
		}
	}
	for _, extra := range []string{
		member(s, "uuid", s.uuid()),
		member(s, "timestamp", s.one(`"2026-01-01T00:00:00Z"`, "null", s.Value(1))),
		member(s, "offset", s.one("5", "null", s.Number(), s.Value(1))),
		member(s, "properties", s.properties()), member(s, "properties", s.Value(3)),
		member(s, "$set", s.Value(2)), member(s, "$set_once", s.one("{}", "null", s.Value(2))),
		s.Key() + ":" + s.Value(2), s.Key() + ":" + s.Value(0),
	} {
		if s.rarely(5) {
			members = append(members, extra)
		}
	}
	return s.object(members)
}

func (s *Source) properties() string {
	return s.object([]string{
		member(s, s.one("a", "distinct_id", "token", "$cookieless_mode"), s.Value(2)), s.Key() + ":" + s.Value(2),
		member(s, s.one("distinct_id", "token"), s.one(`"d"`, `"phc_a"`, "5")),
	}[:s.IntN(4)])
}

// uuid returns a uuid in one of its spellings, or what is none.
func (s *Source) uuid() string {
	const bare = "018a981f4b357c66825e8b0eeae65714"
	const whole = "018a981f-4b35-7c66-825e-8b0eeae65714"
	return s.one(`"`+whole+`"`, `"`+whole+`"`, `"`+bare+`"`, `"{`+whole+`}"`, `"{`+bare+`}"`, `"urn:uuid:`+whole+`"`,
		`"URN:UUID:`+whole+`"`, `"uRn:uUiD:`+whole+`"`, `"urn:uuid:`+bare+`"`,
		`"`+strings.ToUpper(whole)+`"`, `""`, `" "`, "null", `"018a981f-4b357c66-825e-8b0e-eae65714"`,
		`"`+whole[:35]+`g"`, `" `+whole+`"`, "5", s.String())
}

// BodyV1 returns what may be meant as the body of a v1 request.
func (s *Source) BodyV1() string {
	if s.rarely(15) {
		parts := []string{`"2026-01-01T00:00:00Z"`, s.one("false", "true", "null"), s.one("null", "true"), s.eventsV1()}
		return s.Break("[" + strings.Join(s.sized(parts), ",") + "]")
	}
	members := []string{
		member(s, "created_at", s.one(`"2026-01-01T00:00:00Z"`, `"2026-01-01T00:00:00Z"`, s.Value(1))),
		member(s, "batch", s.one(s.eventsV1(), s.eventsV1(), s.eventsV1(), s.Value(1))),
	}
	for _, extra := range []string{
		member(s, "historical_migration", s.one("true", "false", "null")),
		member(s, "capture_internal", s.one("true", "false", "null", "1")),
		s.Key() + ":" + s.Value(2), member(s, "unknown", s.one(s.deep(), s.Value(2))),
	} {
		if s.rarely(4) {
			members = append(members, extra)
		}
	}
	return s.Break(s.object(members))
}

func (s *Source) eventsV1() string {
	return s.list("[", "]", 1, func(int) string { return s.eventV1() })
}

func (s *Source) eventV1() string {
	id := fmt.Sprintf(`"018a981f-4b35-7c66-825e-%012x"`, s.Uint64()>>16)
	if s.rarely(15) {
		parts := []string{`"e"`, id, `"d"`, `"2026-01-01T00:00:00Z"`, s.one("null", `"s"`), s.one("null", `"w"`),
			s.one("null", "{}"), s.properties()}
		return "[" + strings.Join(s.sized(parts), ",") + "]"
	}
	members := []string{
		member(s, "event", s.one(`"e"`, `"e"`, s.String())), member(s, "uuid", s.one(id, id, id, s.String())),
		member(s, "distinct_id", s.one(`"d"`, `"d"`, s.String())),
		member(s, "timestamp", s.one(`"2026-01-01T00:00:00Z"`, s.String())),
	}
	for _, extra := range []string{
		member(s, s.one("session_id", "window_id"), s.one(`"s"`, "null", s.Value(0))),
		member(s, "options", s.one("null", "{}", s.Value(2), s.deep())),
		member(s, "properties", s.one(s.properties(), s.Value(2), s.deep())), s.Key() + ":" + s.Value(2),
	} {
		if s.rarely(4) {
			members = append(members, extra)
		}
	}
	return s.object(members)
}

// Query returns what may stand behind a question mark.
func (s *Source) Query() string {
	var pairs []string
	for range s.IntN(4) {
		pairs = append(pairs, s.one("_", "sent_at", "compression", "ver", "lib_version", "beacon", "ip", "data", "%5f",
			"x")+s.one("=", "=", "=", "", "==")+
			s.one("1", "1694769302325", "-5", "abc", "", "gzip", "gzip-js", "Gzip", "snappy", "9223372036854775807",
				"9223372036854775808", "-9223372036854775809",
				"+5", "%2B5", "1.5", "%ff", "2147483648", "0", "%", "1%"))
	}
	return strings.Join(pairs, s.one("&", "&", "&&", ";"))
}

// sized returns parts as they are, or rarely with one too few or too many.
func (s *Source) sized(parts []string) []string {
	switch {
	case s.rarely(6):
		return parts[:len(parts)-1]
	case s.rarely(8):
		return append(parts, s.Value(0))
	}
	return parts
}

// member returns a member of an object.
func member(s *Source, name, value string) string { return spelled(s, name) + ":" + value }

// object returns an object of the members that are not empty, in any order, now
// and then one of them twice.
func (s *Source) object(members []string) string {
	if len(members) > 0 && s.rarely(12) {
		members = append(members, members[s.IntN(len(members))])
	}
	s.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	var b strings.Builder
	b.WriteByte('{')
	for _, m := range members {
		if m == "" {
			continue
		}
		if b.Len() > 1 {
			b.WriteString(s.comma())
		}
		b.WriteString(s.blank() + m + s.blank())
	}
	return b.String() + "}"
}
