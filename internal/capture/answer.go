package capture

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"

	"rehearse/internal/jsonscan"
)

// The bodies with which a v0 endpoint says yes (capture v0_endpoint.rs; the
// second is what the older Django service and the SDK test harness say).
const (
	AnswerOk  = `{"status":"Ok"}`
	AnswerOne = `{"status":1}`
)

// OfStatus returns the reason that an HTTP status stands for on its own. Any 2xx
// is Accepted: Judge also looks at what the answer says.
func OfStatus(status int) Reason {
	switch status {
	case 400:
		return BadRequest
	case 401:
		return Unauthorized
	case 402:
		return BillingLimit
	case 403:
		return Forbidden
	case 404:
		return NotFound
	case 408:
		return RequestTimeout
	case 413:
		return PayloadTooLarge
	case 415:
		return UnsupportedContent
	case 429:
		return RateLimited
	case 500:
		return InternalError
	case 502:
		return BadGateway
	case 503:
		return Unavailable
	case 504:
		return GatewayTimeout
	}
	return ofClass(status / 100)
}

func ofClass(class int) Reason {
	switch class {
	case 2:
		return Accepted
	case 3:
		return Redirected
	case 5:
		return OtherServerError
	}
	return UnexpectedStatus
}

// Judge returns what an answer of a v0 route means. A 2xx is Accepted only when
// its body is an acknowledgement that the service is known to give: a 200 from a
// login page is an UnknownAnswer. A 200 that lists "events" as quota_limited is
// a BillingLimit, for these events were discarded. (A 200 without the list may
// hide the same: over quota, the service says Ok and discards.) A 204 is none:
// the service gives it where it is asked to, see JudgeBeacon. The body is
// untrusted, at most MaxAnswer long, and not kept.
func Judge(status int, body []byte) Reason {
	reason := OfStatus(status)
	if reason != Accepted {
		return reason
	}
	body = bytes.TrimSpace(body)
	switch {
	case string(body) == AnswerOk, string(body) == AnswerOne:
		return Accepted
	}
	return judgeObject(body)
}

// JudgeBeacon is Judge for a request that asks for no body in the answer: a 204 is
// Accepted.
func JudgeBeacon(status int, body []byte) Reason {
	if status == 204 && len(bytes.TrimSpace(body)) == 0 {
		return Accepted
	}
	return Judge(status, body)
}

// AsksForBeacon reports whether the request with a target, path and query, asks for a
// 204 in place of a body (payload/types.rs; what browsers send as a page goes away).
func AsksForBeacon(target string) bool {
	_, query, _ := strings.Cut(target, "?")
	for name, value := range pairs([]byte(query)) {
		if name == "beacon" && value == "1" {
			return true
		}
	}
	return false
}

func judgeObject(body []byte) Reason {
	if len(body) > MaxAnswer || jsonscan.Deeper(body, MaxDepth) || !gjson.ValidBytes(body) {
		return UnknownAnswer
	}
	answer := gjson.ParseBytes(body)
	status := answer.Get("status")
	if status.Str != "Ok" && status.Raw != "1" {
		return UnknownAnswer
	}
	for _, key := range answer.Get("quota_limited").Array() {
		if key.Str == "events" {
			return BillingLimit
		}
	}
	return Accepted
}

// MaxAnswerV1 returns how much of an answer a client reads that sent a number of
// events to v1, in bytes: MaxAnswer, and what a result of each can take.
func MaxAnswerV1(events int) int { return MaxAnswer + 256*events }

// JudgeV1 returns what an answer of v1 means, and writes into results, one for
// each event that was sent, what it says of each; on the way in they hold the
// uuids. With a 200 that is v1's the reason is Accepted, whatever the results:
// it is for each of them to say. An event of which it says nothing, or nothing
// that is known, keeps VerdictNone. The body is untrusted and not kept.
func JudgeV1(status int, body []byte, results []EventResult) Reason {
	for i := range results {
		results[i].Verdict, results[i].Detail = VerdictNone, NoDetail
	}
	if reason := OfStatus(status); reason != Accepted {
		return reason
	}
	if len(body) > MaxAnswerV1(len(results)) || jsonscan.Deeper(body, MaxDepth) || !gjson.ValidBytes(body) {
		return UnknownAnswer
	}
	c := jsonscan.New(body)
	if c.Kind() != '{' {
		return UnknownAnswer
	}
	reason := UnknownAnswer
	for c.Enter(); c.More(); {
		if string(c.Key()) == "results" && c.Kind() == '{' {
			readResults(c, results)
			reason = Accepted
			continue
		}
		c.Value()
	}
	return reason
}

// readResults consumes the object of results. They come in the order of the
// request; from the first that does not, places are looked up.
func readResults(c *jsonscan.Cursor, results []EventResult) {
	var places map[UUID]int
	next := 0
	for c.Enter(); c.More(); {
		id, err := ParseUUID(c.Key())
		if err != nil || c.Kind() != '{' {
			c.Value()
			continue
		}
		verdict, detail := readResult(c)
		if next == len(results) || results[next].UUID != id {
			if places == nil {
				places = placesOf(results)
			}
			place, known := places[id]
			if !known {
				continue
			}
			next = place
		}
		results[next].Verdict, results[next].Detail = verdict, detail
		next++
	}
}

func placesOf(results []EventResult) map[UUID]int {
	places := make(map[UUID]int, len(results))
	for i := range results {
		places[results[i].UUID] = i
	}
	return places
}

// readResult consumes the object that stands behind a uuid.
func readResult(c *jsonscan.Cursor) (v Verdict, d Detail) {
	for c.Enter(); c.More(); {
		key := c.Key()
		raw := c.Value()
		switch string(key) {
		case "result":
			v = parseVerdict(textOf(raw))
		case "details":
			d = parseDetail(textOf(raw))
		}
	}
	return v, d
}
