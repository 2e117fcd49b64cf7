package capture

import "time"

// EnvelopeV1 is what a v1 body carries around its events.
type EnvelopeV1 struct {
	CreatedAt           time.Time
	HistoricalMigration bool
}

// AppendHead appends the beginning of a v1 body, up to its first event. The
// events, as AppendEvent writes them, follow, separated by commas, and then
// AppendTail. Each must have a UUID and a time.
func (e *EnvelopeV1) AppendHead(dst []byte) []byte {
	dst = AppendTime(append(dst, `{"created_at":"`...), e.CreatedAt)
	dst = append(dst, '"')
	if e.HistoricalMigration {
		dst = append(dst, `,"historical_migration":true`...)
	}
	return append(dst, `,"batch":[`...)
}

// AppendTail appends the end of a v1 body.
func (e *EnvelopeV1) AppendTail(dst []byte) []byte { return append(dst, "]}"...) }
