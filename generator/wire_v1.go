package generator

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// headersV1 is what v1 wants to know besides the body.
type headersV1 struct {
	authorization string
	sdk           string
	start         time.Time
	seed          uint64
	text          []byte // backs the values that change
}

// speakV1 makes w send to v1: its headers, its answers.
func (w *wire) speakV1(s *scenario.Scenario, start time.Time) {
	sdk, _, _ := strings.Cut(string(w.request.Header.UserAgent()), " ")
	w.v1 = &headersV1{authorization: "Bearer " + s.Target.Token.Reveal(), sdk: sdk, start: start}
	if s.Traffic != nil {
		w.v1.seed = s.Traffic.Seed
	}
}

// set writes the headers for an attempt to send b at a time. The id of a request
// is the same for all its attempts, and a function of the seed and its events.
func (v *headersV1) set(w *wire, b *Batch, now time.Duration) {
	h := &w.request.Header
	h.Set("Authorization", v.authorization)
	h.Set(capture.HeaderSDKInfo, v.sdk)
	v.text = strconv.AppendInt(v.text[:0], int64(b.attempt)+1, 10)
	h.SetBytesV(capture.HeaderAttempt, v.text)
	v.text = capture.AppendUUID(v.text[:0], requestID(v.seed, b.First))
	h.SetBytesV(capture.HeaderRequestID, v.text)
	v.text = capture.AppendTime(v.text[:0], v.start.Add(now))
	h.SetBytesV(capture.HeaderTimestamp, v.text)
}

// requestID derives the id of the request that begins with an event (version 8
// of RFC 9562, section 5.8).
func requestID(seed uint64, first int64) capture.UUID {
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], uint64(first))
	u := capture.UUID(xxh3.Hash128Seed(number[:], seed^requestSalt).Bytes())
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}

// requestSalt keeps the ids of requests apart from those of events.
const requestSalt = 0x5be0cd19137e2179

// tell writes into o what the answer said of each event of b, as parts appended
// to parts: nothing if it took them all and had no more to say. The reason of
// the request becomes that of its worst event: one that was refused makes it
// refused, else one whose fate is not known makes that of the request unknown.
func (b *Batch) tell(o *results.Outcome, parts []results.Part) []results.Part {
	plain := true
	for i := range b.results {
		r := &b.results[i]
		said := results.Said{Verdict: r.Verdict, Detail: r.Detail}
		plain = plain && said == results.Said{Verdict: capture.VerdictOk}
		parts = appendPart(parts, results.Part{First: b.index(i), Events: 1, Reason: r.Verdict.Reason(), Said: said})
	}
	if plain && b.parts == nil {
		return parts[:0]
	}
	for _, p := range parts {
		o.Reason = worse(o.Reason, p.Reason)
	}
	return parts
}

// appendPart appends p, joined to the part before it if it says the same.
func appendPart(parts []results.Part, p results.Part) []results.Part {
	if n := len(parts); n > 0 {
		last := &parts[n-1]
		next := p
		next.First, next.Events = last.First, last.Events
		if last.First+last.Events == p.First && *last == next {
			last.Events += p.Events
			return parts
		}
	}
	return append(parts, p)
}

// worse returns the reason that weighs more for a request as a whole.
func worse(a, b capture.Reason) capture.Reason {
	weigh := func(r capture.Reason) int {
		switch r.Fate() {
		case capture.FateRejected:
			return 2
		case capture.FateAmbiguous:
			return 1
		}
		return 0
	}
	if weigh(b) > weigh(a) {
		return b
	}
	return a
}
