package capture

import "strings"

// Oversize is which size of a request an endpoint found too large.
type Oversize uint8

// The sizes that have a limit.
const (
	NotOversize   Oversize = iota
	OversizeWire           // the body as it travels
	OversizePlain          // the body once it is decompressed
	OversizeEvent          // the Kafka message that one of its events becomes
)

// String returns what is too large; empty: nothing is.
func (o Oversize) String() string {
	return [...]string{"", "request body too large", "decompressed body too large", "event too large"}[o]
}

// Oversize returns which size the refusal is about; NotOversize if it has another
// reason.
func (r *Refusal) Oversize() Oversize {
	switch {
	case r.Text == textTooLarge2024 || strings.HasSuffix(r.Text, detailEventTooBig):
		return OversizeEvent
	case r.Status != 413:
		return NotOversize
	case strings.Contains(r.Text, "Request body exceeds limit") || strings.Contains(r.Text, "length limit exceeded"):
		return OversizeWire
	}
	return OversizePlain
}
