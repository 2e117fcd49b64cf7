package recording

import (
	"strings"
	"testing"

	"rehearse/scenario"
)

// TestMixpanelIDs: of seven lines, the ids are those that PostHog's managed migration
// gives them.
func TestMixpanelIDs(t *testing.T) {
	t.Parallel()
	r := scenario.DefaultReplay()
	r.Paths = []string{"testdata/mixpanel-ids/a.jsonl"}
	got, _ := readAll(t, r)
	var ids []string
	for _, e := range got {
		ids = append(ids, strings.Fields(e)[1])
	}
	if want := "dev-0 dev-1 ANNA@EXAMPLE.COM dev-3 dev-4 dev-5 anna"; strings.Join(ids, " ") != want {
		t.Errorf("ids are %s, want %s", strings.Join(ids, " "), want)
	}
}

// TestMigrationIDs: who an event is of, product by product, by the rules of what imports
// their exports into PostHog: batch-import-worker's parse/content/mixpanel.rs and
// amplitude.rs, and posthog-segment's index.js.
func TestMigrationIDs(t *testing.T) {
	t.Parallel()
	const own, uuid = "OWNID", "018a981f-4b35-7c66-825e-8b0eeae65714"
	mixpanel := func(ids string) string { return `{"event":"e","properties":{"time":1767225600` + ids + `}}` }
	amplitude := func(ids string) string {
		return `{"event_type":"e","event_time":"2026-01-01 00:00:00","amplitude_id":1` + ids + `}`
	}
	segment := func(call string) string { return `{"messageId":"m","timestamp":"2026-01-01T00:00:00Z",` + call + `}` }
	for line, want := range map[string]string{
		mixpanel(`,"distinct_id":"u"`):                                            "e u",
		mixpanel(`,"$distinct_id_before_identity":"b"`):                           "e b",
		mixpanel(`,"distinct_id":"","$distinct_id_before_identity":"b"`):          "e b",
		mixpanel(`,"distinct_id":"$device:1","$distinct_id_before_identity":"b"`): "e b",
		mixpanel(`,"distinct_id":"$device:1"`):                                    "e $device:1",
		mixpanel(`,"distinct_id":"$device:1","$distinct_id_before_identity":7`):   "e $device:1",
		mixpanel(`,"distinct_id":"123456","$distinct_id_before_identity":"b"`):    "e b",
		mixpanel(`,"distinct_id":"AB-12","$distinct_id_before_identity":"b"`):     "e b",
		mixpanel(`,"distinct_id":"A@B","$distinct_id_before_identity":"b"`):       "e A@B",
		mixpanel(`,"distinct_id":"ab12","$distinct_id_before_identity":"b"`):      "e ab12",
		mixpanel(`,"distinct_id":"Ä","$distinct_id_before_identity":"b"`):         "e Ä",
		mixpanel(``): "e " + own,
		amplitude(`,"user_id":"u","device_id":"d"`):                          "$identify u; e u",
		amplitude(`,"user_id":"","device_id":"d"`):                           "e d",
		amplitude(`,"user_id":null,"device_id":"d"`):                         "e d",
		amplitude(`,"user_id":"u"`):                                          "e u",
		amplitude(`,"uuid":"` + uuid + `","device_id":""`):                   "e " + uuid,
		segment(`"type":"track","event":"e","userId":"u","anonymousId":"a"`): "e u",
		segment(`"type":"track","event":"e","userId":"","anonymousId":"a"`):  "e a",
		segment(`"type":"page","anonymousId":"a"`):                           "$pageview a",
		segment(`"type":"identify","userId":"u","anonymousId":"a"`):          "$identify u",
		segment(`"type":"alias","userId":"u","previousId":"p"`):              "$create_alias u",
		segment(`"type":"group","userId":"u","groupId":"g"`):                 "$groupidentify u",
	} {
		got, _ := readAll(t, written(t, line))
		var said []string
		for _, e := range got {
			fields := strings.Fields(ownID.ReplaceAllString(e, own))
			said = append(said, fields[0]+" "+fields[1])
		}
		if all := strings.Join(said, "; "); all != want {
			t.Errorf("%s is %s, want %s", line, all, want)
		}
	}
	joined, _ := readAll(t, written(t, segment(`"type":"identify","userId":"u","anonymousId":"a"`)+"\n"+
		segment(`"type":"alias","userId":"u","previousId":"p"`)+"\n"+
		segment(`"type":"group","userId":"u","groupId":"g","traits":{"groupType":"team"}`)))
	for i, want := range []string{`"$anon_distinct_id":"a"`, `"alias":"p"`, `"$group_type":"team","$group_key":"g"`} {
		if !strings.Contains(joined[i], want) {
			t.Errorf("%s lacks %s", joined[i], want)
		}
	}
}
