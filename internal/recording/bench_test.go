package recording

import (
	"strings"
	"testing"

	"rehearse/scenario"
)

// BenchmarkReader reads a plain file, as a replay does: events of a kilobyte in a
// known format, and short lines through a mapping.
func BenchmarkReader(b *testing.B) {
	const short = `{"id":"2615567186","dt":"2015-02-22T21:00:00Z","repo":"someone/something","type":"push",` +
		`"actor":"somebody-else","commits":1}`
	mapping := scenario.Fields{Event: scenario.From("type"), DistinctID: scenario.From("actor"),
		Timestamp: scenario.From("dt"), UUID: scenario.From("id")}
	for _, c := range []struct {
		name, line string
		fields     scenario.Fields
	}{
		{"posthog", `{"uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","event":"$pageview","distinct_id":"u",` +
			`"timestamp":"2026-01-01T00:00:00Z","properties":{"$current_url":"` +
			strings.Repeat("x", 800) + `"}}`, scenario.DefaultFields()},
		{"short", short, mapping},
	} {
		b.Run(c.name, func(b *testing.B) {
			count := 16 << 20 / (len(c.line) + 1)
			r := written(b, strings.Repeat(c.line+"\n", count))
			r.Fields = c.fields
			b.SetBytes(int64(count * (len(c.line) + 1)))
			for b.Loop() {
				reader, err := Open(r)
				for err == nil {
					_, err = reader.Next()
				}
				reader.Close()
			}
		})
	}
}
