package capture

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tidwall/gjson"

	"rehearse/internal/jsonscan"
)

// fateNames are the fates in words, by Fate.
var fateNames = [...]string{
	FateUnsent: "unsent", FateAccepted: "accepted", FateRejected: "rejected", FateAmbiguous: "ambiguous",
	FateMayBeStored: "rejected_may_be_stored",
}

// String is the fate in a word.
func (f Fate) String() string {
	if int(f) >= len(fateNames) {
		return fmt.Sprintf("fate %d", uint8(f))
	}
	return fateNames[f]
}

// ParseFate reads the word that String writes.
func ParseFate(text string) (Fate, error) {
	for f, name := range fateNames {
		if text == name {
			return Fate(f), nil
		}
	}
	return 0, fmt.Errorf("%q is no fate of an event", text)
}

// MarshalText writes the fate in a word.
func (f Fate) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalJSON reads a fate in a word, or the number that earlier versions wrote.
func (f *Fate) UnmarshalJSON(text []byte) error {
	var number uint8
	if err := json.Unmarshal(text, &number); err == nil {
		*f = Fate(number)
		if int(number) >= len(fateNames) {
			return fmt.Errorf("%d is no fate of an event", number)
		}
		return nil
	}
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return err
	}
	fate, err := ParseFate(word)
	*f = fate
	return err
}

// Stored is what a refusal leaves open about the events of its request.
type Stored uint8

// What a refusal leaves open. A service validates a request as a whole before it
// stores anything, but stores its events one after the other: what fails then
// leaves those before it where they are.
const (
	MayBeStored Stored = iota // some of the events, or all of them
	NotStored                 // none of them, for certain

	othersMayBeStored // one of them did not fit: of a request with others, these
)

// A ruling says what an answer leaves open that has a status and begins with a
// text, or, of v1, names an error code.
type ruling struct {
	status int
	text   string
	stored Stored
}

// rulings2024 are the answers of the 2024 generation. Its process_events turns all
// events of a request into messages before it sends any, so that whatever the
// validation says is a no to all of them. send_batch of its sink then enqueues in
// order, returns at the first event that does not fit, and fails at the first
// acknowledgement that does not come; what was enqueued is delivered all the same
// (hog-rs v0_endpoint.rs, api.rs, sinks/kafka.rs).
var rulings2024 = [...]ruling{
	{400, textQuery, NotStored},
	{400, "Failed to buffer the request body", NotStored},
	{400, textDecode, NotStored},
	{400, textParse, NotStored},
	{400, textNoEvent, NotStored},
	{400, textNoName, NotStored},
	{400, textEmptyID2024, NotStored},
	{400, textNoDistinctID, NotStored},
	{400, textTooLarge2024, othersMayBeStored},
	{400, "invalid event could not be processed", MayBeStored}, // one event could not be written as a message
	{401, textNoToken, NotStored},
	{401, textManyTokens, NotStored},
	{401, textBadToken, NotStored},
	{413, "Failed to buffer the request body", NotStored},
	{429, "billing limit reached", NotStored},
	{429, "rate limited", NotStored},
	{503, "transient error, please retry", MayBeStored},
}

// rulingsCurrent are the answers of the v0 routes of 2026. Validation and the
// making of all messages come before the first is enqueued (events/analytics.rs;
// sinks/kafka.rs prepare_batch: "prep error -> no records produced"), but publish
// still enqueues in order and reports its first failure for the whole batch. The
// limits of a body, on the wire and decompressed, have the same words as that of
// one message, and other words behind them (payload/decompression.rs).
var rulingsCurrent = [...]ruling{
	{400, textDecode, NotStored},
	{400, textParse, NotStored},
	{400, "failed to hydrate events from request: ", NotStored},
	{400, textNoEvent, NotStored},
	{400, textNoPayload, NotStored},
	{400, "payload empty after filtering invalid event types", NotStored},
	{400, textNoName, NotStored},
	{400, textNoDistinctID, NotStored},
	{400, textCookieless, NotStored},
	{400, "event submitted with invalid timestamp", NotStored},
	{400, "invalid event could not be processed", MayBeStored},
	{401, textNoToken, NotStored},
	{401, textManyTokens, NotStored},
	{401, textBadToken, NotStored},
	{401, textUnknownToken, NotStored},
	{408, "client stopped sending data", NotStored},
	{413, textTooLarge + "Request body exceeds limit of ", NotStored},
	{413, textTooLarge + "Uncompressed payload size limit ", NotStored},
	{413, textTooLarge + "Decompressed ", NotStored},
	{413, textTooLarge + detailLZ64Longer, NotStored},
	{413, textTooLarge, othersMayBeStored}, // "Event rejected by kafka …", of one message
	{429, "billing limit reached", NotStored},
	{429, "rate limited", NotStored},
	{429, "rate limit exceeded: ", NotStored},
	{500, "internal server error", MayBeStored},
	{503, "transient error, please retry", MayBeStored},
	{503, "service unavailable: ", MayBeStored},
}

// rulingsV1 are the answers with which v1 refuses a whole request. All but its 500
// are given before anything is published, and a timeout may come at any time
// (v1/error.rs, v1/analytics/process.rs). What it publishes it reports event by
// event, in a 200.
var rulingsV1 = [...]ruling{
	{400, "missing_required_headers", NotStored},
	{400, "invalid_header_value", NotStored},
	{400, "request_decoding_error", NotStored},
	{400, "request_parsing_error", NotStored},
	{400, "empty_body", NotStored},
	{400, "empty_batch", NotStored},
	{400, "invalid_batch", NotStored},
	{400, "missing_event_uuid", NotStored},
	{400, "invalid_event_uuid", NotStored},
	{400, "duplicate_event_uuid", NotStored},
	{402, "billing_limit_exceeded", NotStored},
	{408, "body_read_timeout", NotStored},
	{408, "request_timeout", MayBeStored},
	{500, "internal_error", MayBeStored},
	{503, "service_unavailable", MayBeStored},
	{504, "gateway_timeout", MayBeStored},
}

// StoredOf returns what the refusal of a v0 request with so many events leaves
// open. The generations do not contradict each other, so that the words tell which
// of them speaks. Words that none of them uses are those of a proxy in between, or
// of another service: then the status decides, where HTTP defines it as a refusal
// of the request, and everything else leaves all open. The answer is untrusted.
func StoredOf(status int, answer []byte, events int64) Stored {
	answer = bytes.TrimSpace(answer)
	for _, rulings := range [...][]ruling{rulings2024[:], rulingsCurrent[:]} {
		for i := range rulings {
			r := &rulings[i]
			if r.status == status && bytes.HasPrefix(answer, []byte(r.text)) {
				return r.of(events)
			}
		}
	}
	return storedByStatus(status)
}

// StoredOfV1 is StoredOf for a refusal of v1.
func StoredOfV1(status int, answer []byte) Stored {
	if len(answer) <= MaxAnswer && !jsonscan.Deeper(answer, MaxDepth) && gjson.ValidBytes(answer) {
		code := gjson.GetBytes(answer, "error").Str
		for i := range rulingsV1 {
			if r := &rulingsV1[i]; r.status == status && r.text == code {
				return r.stored
			}
		}
	}
	return storedByStatus(status)
}

// of is the ruling on a request with so many events.
func (r *ruling) of(events int64) Stored {
	switch {
	case r.stored != othersMayBeStored:
		return r.stored
	case events == 1:
		return NotStored
	}
	return MayBeStored
}

// storedByStatus is what a status says on its own. These are defined as refusals of
// the request as such: for its sender, its target, its form, its size or the number
// of those before it, or because it is to be sent elsewhere (RFC 9110, section 15;
// RFC 6585). 302 and 303 are not among them, for they may follow what was done.
func storedByStatus(status int) Stored {
	switch status {
	case 301, 307, 308, 401, 403, 404, 405, 410, 411, 413, 414, 415, 417, 421, 426, 428, 429, 431:
		return NotStored
	case 200: // it lists the events as over quota: discarded (see Judge)
		return NotStored
	}
	return MayBeStored
}
