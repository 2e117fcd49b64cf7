package staging

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestStatsKeepTheSchema: of an endpoint that has seen nothing, and of one that has
// met every kind of count.
func TestStatsKeepTheSchema(t *testing.T) {
	t.Parallel()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("stage", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("stage")
	if err != nil {
		t.Fatal(err)
	}
	fresh, busy := New(Config{}), New(Config{})
	handled(busy, post("/batch", `{"api_key":"phc_x","batch":[{"event":"a","distinct_id":"u"},{"event":"$identify","distinct_id":"u","properties":{"$anon_distinct_id":"v"}}]}`))
	handled(busy, post("/batch", `{"api_key":"phc_x","batch":[{"event":"a"}]}`))
	for name, s := range map[string]*Server{"fresh": fresh, "busy": busy} {
		text, err := json.Marshal(s.Stats())
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	if got := busy.Stats(); got.Events.Accepted != 2 || len(got.Refusals) != 1 || len(got.Pipeline.HotIDs) == 0 {
		t.Errorf("the busy one has counted too little: %+v", got)
	}
}
