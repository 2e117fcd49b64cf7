package capture

import (
	"github.com/tidwall/gjson"

	"rehearse/internal/jsonscan"
)

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
