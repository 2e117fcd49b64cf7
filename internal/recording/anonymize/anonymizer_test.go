package anonymize

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
)

// maskedEvent masks an event and reads its properties.
func maskedEvent(t interface{ Fatal(...any) }, name, id, properties string) (e capture.Event, read map[string]any) {
	p := &Anonymizer{key: [32]byte{7}, keep: []string{"$group_type", "plan"}}
	e = capture.Event{Name: []byte(name), DistinctID: []byte(id), Properties: []byte(properties)}
	p.Mask(&e, &Scratch{})
	if err := json.Unmarshal(e.Properties, &read); err != nil {
		t.Fatal(err, string(e.Properties))
	}
	return e, read
}

// TestPseudonymsMatchWhatTheyName: one id has one pseudonym, whichever property holds
// it, and names that are values stay the names that they are.
func TestPseudonymsMatchWhatTheyName(t *testing.T) {
	t.Parallel()
	_, group := maskedEvent(t, "$groupidentify", "anna",
		`{"$group_type":"company","$group_key":"acme","$group_set":{"name":"Acme"}}`)
	e, event := maskedEvent(t, "bought", "anna",
		`{"$groups":{"company":"acme","team":17,"plan":"pro"},"$group_0":"acme","user_id":"anna","owner":"anna",`+
			`"referrer":"ann",
		"$set":{"email":"x@example.com","city":"Ulm"},"$unset":["email","city","x@example.com"],
		"$feature/new-checkout":"test","$feature_flag":"new-checkout","$active_feature_flags":["new-checkout"]}`)
	groups, _ := event["$groups"].(map[string]any)
	if key := group["$group_key"]; groups["company"] != key || event["$group_0"] != key || key == "acme" || key == "" {
		t.Errorf("company %v, $group_0 %v, $group_key %v", groups["company"], event["$group_0"], key)
	}
	if team, ok := groups["team"].(string); !ok || team == "17" || groups["plan"] != "pro" ||
		group["$group_type"] != "company" {
		t.Errorf("groups %v of type %v", groups, group["$group_type"])
	}
	id := string(e.DistinctID)
	if event["user_id"] != id || event["owner"] != id || id == "anna" || len(event["referrer"].(string)) != 3 {
		t.Errorf("%q is called %v and %v", id, event["user_id"], event["owner"])
	}
	set, _ := event["$set"].(map[string]any)
	for i, name := range event["$unset"].([]any)[:2] {
		if _, known := set[name.(string)]; !known {
			t.Errorf("$unset[%d] is %v, and $set has %v", i, name, set)
		}
	}
	if name := event["$unset"].([]any)[2].(string); strings.Contains(name, "example") {
		t.Errorf("an address stays in $unset: %v", name)
	}
	flags := event["$active_feature_flags"].([]any)
	if _, kept := event["$feature/new-checkout"]; !kept || event["$feature_flag"] != "new-checkout" ||
		flags[0] != "new-checkout" {
		t.Errorf("flags %v", event)
	}
}

// TestSessionsStayUUIDs: with their version, version 7 with its time, written as they
// were; other texts of that form are UUIDs too, and not the same.
func TestSessionsStayUUIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"0190a7e2-4b35-7c66-825e-8b0eeae65714", "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
		"0190a7e24b357c66825e8b0eeae65714"} {
		_, got := maskedEvent(t, "a", "u", fmt.Sprintf(`{"$session_id":%q,"$window_id":%q,"order":%q,"$device_id":%q}`,
			"0"+id[1:], id, id, id))
		for name, value := range got {
			text, _ := value.(string)
			u, err := capture.ParseUUID(text)
			was, _ := capture.ParseUUID(id)
			if err != nil || len(text) != len(id) || u == was || u[6]>>4 != was[6]>>4 || u[8]>>6 != was[8]>>6 {
				t.Errorf("%s of %s is %v", name, id, value)
			}
			session := name == "$session_id" || name == "$window_id"
			if kept := string(u[1:6]) == string(was[1:6]); kept != (session && was[6]>>4 == 7) {
				t.Errorf("%s: the time of %s is kept in %s: %v", name, id, text, kept)
			}
		}
		if got["order"] != got["$device_id"] {
			t.Errorf("one id is %v and %v", got["order"], got["$device_id"])
		}
	}
	_, other := maskedEvent(t, "a", "u", `{"$session_id":"s-1"}`)
	if text, _ := other["$session_id"].(string); len(text) != 3 || text == "s-1" {
		t.Errorf("a session that is no UUID is %v", other)
	}
}

// TestAddressesStayAddresses: of their family, sound and not the same, against
// net/netip.
func TestAddressesStayAddresses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes")
		for range rapid.IntRange(0, 8).Draw(t, "zeros") {
			bytes[rapid.IntRange(0, 15).Draw(t, "at")] = 0
		}
		was := netip.AddrFrom16([16]byte(bytes))
		if rapid.Bool().Draw(t, "v4") {
			was = netip.AddrFrom4([4]byte(bytes))
		}
		_, got := maskedEvent(t, "a", "u", fmt.Sprintf(`{"$ip":%q,"seen":[%q]}`, was, was))
		text, _ := got["$ip"].(string)
		is, err := netip.ParseAddr(text)
		if err != nil || is.Is4() != was.Is4() || is == was || is.IsPrivate() || is.IsLoopback() ||
			got["seen"].([]any)[0] != text {
			t.Fatalf("%s became %v: %v", was, got, err)
		}
	})
}

// TestIsAddress: against net/netip, for texts that are nearly addresses.
func TestIsAddress(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[0-9a-f:.]{1,20}`), rapid.StringMatching(`([0-9]{1,3}\.){3}[0-9]{1,3}`),
			rapid.StringMatching(`([0-9a-f]{0,5}:){2,8}[0-9a-f]{0,4}`),
			rapid.StringMatching(`::ffff:([0-9]{1,3}\.){3}[0-9]{1,3}`),
		).Draw(t, "text")
		_, err := netip.ParseAddr(text)
		leading := false // zeros, which some read as octal
		for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == ':' }) {
			leading = leading || strings.Contains(text, ".") && len(part) > 1 && part[0] == '0'
		}
		if got := isAddress([]byte(text)); got != (err == nil) && !leading {
			t.Fatalf("%q: %v, want %v", text, got, err)
		}
	})
	for _, text := range []string{"10:06:21", "2026-01-01T00:00:00Z", "1.2.3", "abc", "::", "1::2::3", ""} {
		if _, err := netip.ParseAddr(text); isAddress([]byte(text)) != (err == nil) {
			t.Errorf("%q", text)
		}
	}
}

// TestNamesThatHoldTheID: the names of an event and of its properties are masked where
// the event's distinct_id is a word of them, and not where it is part of one.
func TestNamesThatHoldTheID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id string
		kept     bool
	}{
		{"Order of anna", "anna", false},
		{"anna", "anna", false},
		{"annabel logs in", "anna", true},
		{"hanna, anna", "anna", false},
		{"bought", "bo", true},
		{"a 42 b", "42", true}, // too short to tell
		{"account 1234 closed", "1234", false},
	} {
		e, got := maskedEvent(t, c.name, c.id, fmt.Sprintf(`{%q:1}`, strings.ReplaceAll(c.name, " ", "_")))
		if kept := string(e.Name) == c.name; kept != c.kept {
			t.Errorf("%q of %q became %q", c.name, c.id, e.Name)
		}
		if _, kept := got[strings.ReplaceAll(c.name, " ", "_")]; !strings.Contains(c.name, ",") && kept != c.kept {
			t.Errorf("the property %q of %q: %v", c.name, c.id, got)
		}
	}
}
