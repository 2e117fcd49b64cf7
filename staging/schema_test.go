package staging

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSchema: what is counted is written as the schema says, when nothing has
// come yet and when every list has something in it.
func TestSchema(t *testing.T) {
	t.Parallel()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("stage.json", tree); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("stage.json")
	if err != nil {
		t.Fatal(err)
	}
	empty, full := New(Config{}), New(Config{NotPersisted: 1})
	handled(full, post("/batch", batch(event+","+event)))
	handled(full, post("/e", "{"))
	handledV1(full, headersV1(), batchV1(eventV1(1, "")))
	for name, s := range map[string]*Server{"empty": empty, "full": full} {
		text := handled(s, get("/_rehearse/stats")).Response.Body()
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v in\n%s", name, err, text)
		}
		for _, list := range []string{"requests", "refusals", "names", "verdicts"} {
			if got := len(value.(map[string]any)[list].([]any)); (got > 0) != (name == "full") {
				t.Errorf("%s: %d %s", name, got, list)
			}
		}
	}
}
