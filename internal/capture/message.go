package capture

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"rehearse/internal/jsonscan"
)

// An event becomes a message of Kafka: it is rewritten, as JSON, and that text
// goes as a string into the JSON of the message (event.rs CapturedEvent; hog-rs
// api.rs ProcessedEvent). Kafka's client weighs the message before it sends it
// (librdkafka rd_kafka_msg_max_wire_size), and refuses one that is too large.
const (
	// recordOverhead is what the client counts for a record beside its key, value
	// and headers, in bytes (RD_KAFKAP_MESSAGE_V2_MAX_OVERHEAD).
	recordOverhead = 36

	// mostEscaped bounds how many times longer than its JSON an event can become,
	// and messageSlack what the message adds to it.
	mostEscaped  = 6
	messageSlack = 4096

	// nowLength is how long the time of arrival is as RFC 3339. The service writes
	// nanoseconds, and in 2024 no trailing zeros: one time in ten it is shorter.
	nowLength = len("2026-01-01T00:00:00.000000000Z")
)

// MessageSizer tells how large the messages of Kafka are that events become, which
// endpoints limit (see [MaxEvent]). The zero value is ready, and reuses its memory.
type MessageSizer struct{ data []byte }

// Of returns the size of the message that e of s becomes, in bytes. Of the request
// the addresses count.
func (z *MessageSizer) Of(e *Received, s *Submission, r *Request, g Generation) int {
	parsed := parseEvent(jsonscan.New(e.Raw))
	if !parsed.sound { // the values of one without a name
		parsed = parseNameless(jsonscan.New(e.Raw))
	}
	parsed.Event = e.Event // of an $identify without a name
	ip := len(e.KeptIP(r.ForwardedFor, r.Peer))
	if g == Generation2024 {
		ip = len(ClientIP(r.ForwardedFor, r.Peer))
	}
	without := ""
	if g == Current && e.Heatmap && string(e.Event) != "$$heatmap" {
		without = "$heatmap_data"
	}
	if cap(z.data) > keep {
		z.data = nil
	}
	z.data = parsed.appendData(slices.Grow(z.data[:0], len(e.Raw)), without)
	id := len(AppendString(nil, e.DistinctID)) - 2
	key := len(s.Token) + len(":") + len(e.DistinctID)
	size := recordOverhead + key + quotedLength(z.data) + ip + nowLength + 36 + id + len(s.Token) +
		len(`{"uuid":"","distinct_id":"","ip":"","data":,"now":"","token":""}`)
	if !s.SentAt.IsZero() {
		size += len(`,"sent_at":""`) + len(s.SentAt.UTC().Format(time.RFC3339Nano))
	}
	if g == Generation2024 {
		return size
	}
	return size + current(e, s)
}

// The lengths of what is not known of an event before it is sent: a project's token
// (phc_ and 43 characters), and an address in its longest form.
const (
	usualToken   = 47
	usualAddress = "255.255.255.255"
)

// MessageSize is the size of the message that an event becomes as [AppendEvent] writes
// it, in bytes, with a token and an address of the usual length. It makes memory: ask
// of those alone that are near the limit, as [EventSize] tells.
func MessageSize(e *Event) int {
	parsed := parseEvent(jsonscan.New(AppendEvent(nil, e)))
	parsed.DistinctID = e.DistinctID
	var z MessageSizer
	s := Submission{Token: make([]byte, usualToken)}
	return z.Of(&parsed.Received, &s, &Request{ForwardedFor: []byte(usualAddress)}, Current)
}

// MayExceed reports whether the message of an event of so many bytes of JSON may be
// larger than limit. It is a loose bound that costs nothing.
func MayExceed(size, limit int) bool { return mostEscaped*size+messageSlack > limit }

// MessageAtMost is what the message that e becomes has at most, in bytes, addresses
// aside. It is a loose bound that costs nothing.
func (e *Received) MessageAtMost() int { return mostEscaped*len(e.Raw) + messageSlack }

// current is what the service of today adds to a message, in bytes.
func current(e *Received, s *Submission) int {
	name := len(AppendString(nil, e.Event))
	size := len(`,"event":,"timestamp":""`) + name + nowLength
	if e.Cookieless {
		size += len(`,"is_cookieless_mode":true`)
	}
	if s.Historical {
		size += len(`,"historical_migration":true`)
	}
	header := func(name string, value int) { size += 1 + len(name) + len(varint(value)) + value }
	header("token", len(s.Token))
	header("distinct_id", len(e.DistinctID))
	header("session_id", 0)
	header("timestamp", len("1767225600000"))
	header("event", len(e.Event))
	header("uuid", 36)
	header("now", nowLength)
	header("force_disable_person_processing", 0)
	header("historical_migration", 0)
	return size
}

// varint is a length as Kafka writes it, of which only the length matters.
func varint(n int) []byte {
	var b []byte
	for n <<= 1; n >= 0x80; n >>= 7 {
		b = append(b, 0)
	}
	return append(b, 0)
}

// quotedLength is how long text is as a string of JSON; it holds no control
// characters.
func quotedLength(text []byte) int {
	return 2 + len(text) + bytes.Count(text, []byte{'"'}) + bytes.Count(text, []byte{'\\'})
}

// appendData appends the event as the service writes it: the members that it knows,
// in its order. Of the properties one may be left out.
func (e *parsedEvent) appendData(dst []byte, without string) []byte {
	dst = append(dst, '{')
	if e.token != nil {
		dst = append(AppendString(append(dst, `"token":`...), e.token), ',')
	}
	if e.id != nil {
		dst = append(appendCanonical(append(dst, `"distinct_id":`...), jsonscan.New(e.id)), ',')
	}
	dst = append(dst, `"uuid":`...)
	if e.hasUUID {
		dst = append(AppendUUID(append(dst, '"'), e.UUID), '"')
	} else {
		dst = append(dst, "null"...)
	}
	dst = AppendString(append(dst, `,"event":`...), e.Event)
	dst = append(dst, `,"properties":`...)
	if e.Properties == nil {
		dst = append(dst, "{}"...)
	} else {
		dst = appendObject(dst, jsonscan.New(e.Properties), without)
	}
	if e.Timestamp != nil {
		dst = AppendString(append(dst, `,"timestamp":`...), e.Timestamp)
	}
	if e.hasOffset {
		dst = strconv.AppendInt(append(dst, `,"offset":`...), e.offset, 10)
	}
	if e.set != nil {
		dst = appendCanonical(append(dst, `,"$set":`...), jsonscan.New(e.set))
	}
	if e.setOnce != nil {
		dst = appendCanonical(append(dst, `,"$set_once":`...), jsonscan.New(e.setOnce))
	}
	return append(dst, '}')
}

// tooLarge reports whether the message that e becomes is larger than limit, in
// bytes (v1/analytics/types.rs IngestionEvent).
func (e *eventV1) tooLarge(s *Submission, r *RequestV1, limit int) bool {
	if mostEscaped*(len(e.Raw)+len(r.SDKInfo))+messageSlack <= limit {
		return false
	}
	id, name := len(AppendString(nil, e.id)), len(AppendString(nil, e.Event))
	raw := bytes.Count(e.properties, []byte{'"'}) + bytes.Count(e.properties, []byte{'\\'}) + len(e.properties)
	data := len(`{"event":,"distinct_id":,"uuid":"","properties":,"timestamp":}`) + 14 + // its quotes, escaped
		2*(name+id) + 36 + raw + 2*e.added + 2*len(r.SDKInfo) + len(e.Timestamp)
	size := recordOverhead + len(s.Token) + 1 + len(e.id) + data + len(ClientIP(r.ForwardedFor, r.Peer)) +
		2*nowLength + 36 + id + len(s.Token) +
		len(`{"uuid":"","distinct_id":,"ip":"","data":"","now":"","sent_at":"","token":""}`)
	return size+current(&e.Received, s) > limit
}

// KeptIP is the address that the service keeps of an event, which comes from the
// headers of its request, or from the other end of its connection.
func (e *Received) KeptIP(forwarded []byte, peer netip.Addr) string {
	if e.Internal {
		return "127.0.0.1"
	}
	return ClientIP(forwarded, peer)
}

// ClientIP is the address that the service takes for a client's: the first in
// X-Forwarded-For, else that of the peer.
func ClientIP(forwarded []byte, peer netip.Addr) string {
	for part := range bytes.SplitSeq(forwarded, []byte(",")) {
		if ip, err := netip.ParseAddr(string(bytes.TrimSpace(part))); err == nil {
			return ip.String()
		}
	}
	if peer.IsValid() {
		return peer.Unmap().String()
	}
	return "127.0.0.1"
}

// heatmapMembers are the properties that an event of a heatmap keeps
// (events/analytics.rs HEATMAP_PROPERTY_KEYS).
var heatmapMembers = [...]string{
	"$heatmap_data", "$viewport_height", "$viewport_width", "$session_id", "$prev_pageview_pathname",
	"$prev_pageview_max_scroll", "$current_url", "$cookieless_mode",
}

// Split returns the event $$heatmap that the service makes of what an event
// carries for it; ok is false if it carries nothing of that kind. It has no UUID
// of a client's.
func (e *Received) Split() (part Received, ok bool) {
	if !e.Heatmap || string(e.Event) == "$$heatmap" {
		return part, false
	}
	part = *e
	part.Event, part.UUID, part.hasUUID, part.Heatmap = []byte("$$heatmap"), UUID{}, false, false
	part.Properties = []byte{'{'}
	c := jsonscan.New(e.Properties)
	for c.Enter(); c.More(); {
		from := c.Offset()
		key := c.Key()
		c.Value()
		for _, kept := range heatmapMembers {
			if string(key) == kept {
				part.Properties = append(part.Properties, c.Since(from)...)
				part.Properties = append(part.Properties, ',')
			}
		}
	}
	part.Properties[len(part.Properties)-1] = '}'
	return part, true
}
