package capture

// AppendEvent appends e as a JSON object to dst and returns the longer slice.
// The members come in the order event, distinct_id, uuid, timestamp, properties;
// a zero UUID, a zero time and empty properties are left out. Properties are
// written as they are: it is for their builder to make them a valid object.
func AppendEvent(dst []byte, e *Event) []byte {
	return append(appendMembers(append(dst, '{'), e), '}')
}

// AppendSingle appends the body of a request that carries the one event e, for
// /i/v0/e/ and /capture/: the event object with the token among its members.
func AppendSingle(dst []byte, token string, e *Event) []byte {
	dst = AppendString(append(dst, `{"api_key":`...), token)
	return append(appendMembers(append(dst, ','), e), '}')
}

func appendMembers(dst []byte, e *Event) []byte {
	dst = AppendString(append(dst, `"event":`...), e.Name)
	dst = AppendString(append(dst, `,"distinct_id":`...), e.DistinctID)
	if e.UUID != (UUID{}) {
		dst = AppendUUID(append(dst, `,"uuid":"`...), e.UUID)
		dst = append(dst, '"')
	}
	if !e.Timestamp.IsZero() {
		dst = AppendTime(append(dst, `,"timestamp":"`...), e.Timestamp)
		dst = append(dst, '"')
	}
	if len(e.Properties) > 0 {
		dst = append(append(dst, `,"properties":`...), e.Properties...)
	}
	return dst
}

// AppendHead appends the beginning of a /batch/ body, up to its first event. The
// events follow, separated by commas, and then AppendTail.
func (e *Envelope) AppendHead(dst []byte) []byte {
	dst = AppendString(append(dst, `{"api_key":`...), e.Token)
	if e.HistoricalMigration {
		dst = append(dst, `,"historical_migration":true`...)
	}
	if !e.SentAt.IsZero() && !e.SentAtLast {
		dst = AppendTime(append(dst, `,"sent_at":"`...), e.SentAt)
		dst = append(dst, '"')
	}
	return append(dst, `,"batch":[`...)
}

// AppendTail appends the end of a /batch/ body.
func (e *Envelope) AppendTail(dst []byte) []byte {
	if e.SentAt.IsZero() || !e.SentAtLast {
		return append(dst, "]}"...)
	}
	dst = AppendTime(append(dst, `],"sent_at":"`...), e.SentAt)
	return append(dst, `"}`...)
}
