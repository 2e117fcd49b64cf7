package traffic

import (
	"strings"
	"testing"

	"rehearse/internal/capture"
)

// A prefix stands before every id and changes nothing else of who sends what; the text
// that is rendered at once is that of the event.
func TestPrefixOfIDs(t *testing.T) {
	t.Parallel()
	const n, mark = 3000, "rehearsal-7:"
	for _, style := range []string{"opaque", "uuid", "email", "numeric"} {
		const text = "  seed: 5\n  visits: {events: 3}\n  merges: {fan_in: 20%, reused: 10%}\n" +
			"  events: {$pageview: 90, $identify: 5, $create_alias: 5}\n  distinct_ids: {hot: [{share: 5%}, {id: '\"q', share: 2%}], style: "
		plain := along(parse(t, n, text+style+"}\n"), n)
		marked := along(parse(t, n, text+style+", prefix: '"+mark+"'}\n"), n)
		pen := newWriter()
		with := readAll(t, marked, 0, n)
		for i, want := range readAll(t, plain, 0, n) {
			got := with[i]
			if got.DistinctID != mark+want.DistinctID || got.Event != want.Event || got.UUID != want.UUID {
				t.Fatalf("%s, event %d: %+v, without the prefix %+v", style, i, got, want)
			}
			for _, other := range []string{"$anon_distinct_id", "alias"} {
				if id, is := got.Properties[other].(string); is && !strings.HasPrefix(id, mark) {
					t.Fatalf("%s, event %d: %s is %q", style, i, other, id)
				}
			}
			var written, rendered capture.Event
			marked.Write(&written, int64(i), pen)
			text := capture.AppendMembers(nil, &written)
			if made := marked.Append(nil, &rendered, int64(i), pen); string(made) != string(text) {
				t.Fatalf("%s, event %d is not rendered as it is written: %s", style, i, text)
			}
		}
	}
}
