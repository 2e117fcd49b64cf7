package source

import (
	"bytes"

	"github.com/tidwall/gjson"

	"rehearse/internal/capture"
	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
	"rehearse/internal/verify"
)

// export reads events from lines of JSON, or from rows of Parquet.
type export struct {
	Parser
	files *fromFiles
}

// Parser reads rows from objects of JSON. The zero value is ready to use; it is for one
// goroutine. Rows alias the text that they were read from, and buffers of the parser.
type Parser struct {
	name, id   []byte
	properties []byte
	person     []byte
	data       []byte
}

// columns are those that are read, under the names that PostHog's batch exports, its
// events API and ClickHouse's table have for them.
var columns = []string{
	"uuid", "id", "event", "distinct_id", "properties", "person_id",
	"inserted_at", "_inserted_at", "ingested_at", "_timestamp", "created_at", "now", "_partition", "partition",
	"version", "is_deleted", "data",
}

// openExport begins to read the files as an export.
func (f *fromFiles) openExport() (verify.Reader, error) {
	f.open(columns)
	return &export{files: f}, nil
}

// Close closes the files.
func (x *export) Close() error { return x.files.records.Close() }

// Next reads the next row.
func (x *export) Next(r *verify.Row) error {
	text, cut, err := x.files.next()
	if err != nil {
		return err
	}
	*r = verify.Row{}
	if cut {
		r.Unusable = verify.TooLong
		return nil
	}
	x.Read(text, r)
	x.files.broken = r.Unusable == verify.NotJSON
	return nil
}

// Read reads a row from an object of JSON: by the columns of an export, or of a message
// of the capture service, in which the event stands as text under data.
func (x *Parser) Read(text []byte, r *verify.Row) {
	*r = verify.Row{}
	n, ok := serdejson.Value(text, capture.MaxDepth)
	if !ok || len(bytes.TrimSpace(text[n:])) > 0 || bytes.TrimLeft(text, " \t")[0] != '{' {
		r.Unusable = verify.NotJSON
		return
	}
	var uuid, id []byte
	latest := len(stages)
	c := jsonscan.New(text)
	for c.Enter(); c.More(); {
		name, value := c.RawKey(), c.Value()
		switch string(name) {
		case `"uuid"`:
			uuid = value
		case `"id"`:
			id = value
		case `"event"`:
			x.name, r.Name = textOf(x.name, value)
		case `"distinct_id"`:
			x.id, r.DistinctID = textOf(x.id, value)
		case `"properties"`:
			x.properties, r.Properties = objectOf(x.properties, value)
		case `"person_id"`:
			x.person, r.Person = textOf(x.person, value)
		case `"partition"`, `"_partition"`:
			r.Partition = int32(gjson.ParseBytes(value).Int())
		case `"data"`:
			x.inner(value, r)
		case `"version"`:
			r.Version = gjson.ParseBytes(value).Int()
		case `"is_deleted"`:
			r.Deleted = string(value) == "1" || string(value) == "true"
		default:
			if at := stageOf(name); at < latest {
				if came, ok := event.ParseTime(value); ok {
					r.Time, latest = came, at
				}
			}
		}
	}
	if uuid == nil {
		uuid = id
	}
	var err error
	if r.UUID, err = capture.ParseUUID(unquoted(uuid)); err != nil {
		r.Unusable = verify.NoUUID
	}
}

// inner reads the event that stands as text in a message.
func (x *Parser) inner(value []byte, r *verify.Row) {
	var event []byte
	x.data, event = objectOf(x.data, value)
	if len(event) == 0 || event[0] != '{' {
		return
	}
	c := jsonscan.New(event)
	for c.Enter(); c.More(); {
		name, value := c.RawKey(), c.Value()
		switch string(name) {
		case `"event"`:
			x.name, r.Name = textOf(x.name, value)
		case `"properties"`:
			x.properties, r.Properties = objectOf(x.properties, value)
		}
	}
}

// stages are the columns that say when an event was there, the one that says it of the
// place farthest down the pipeline first.
var stages = [...]string{`"inserted_at"`, `"_inserted_at"`, `"ingested_at"`, `"_timestamp"`, `"created_at"`, `"now"`}

// stageOf is which of the stages a column is, their number if none.
func stageOf(name []byte) int {
	for i := range stages {
		if string(name) == stages[i] {
			return i
		}
	}
	return len(stages)
}

// textOf returns the text of a JSON string, in a buffer that is used again; nil: it is
// null.
func textOf(buffer, value []byte) (kept, text []byte) {
	switch {
	case string(value) == "null":
		return buffer, nil
	case len(value) < 2 || value[0] != '"':
		return buffer, value
	case bytes.IndexByte(value, '\\') < 0:
		return buffer, value[1 : len(value)-1]
	}
	buffer = append(buffer[:0], gjson.ParseBytes(value).Str...)
	return buffer, buffer
}

// objectOf returns properties, which some exports hold as text.
func objectOf(buffer, value []byte) (kept, object []byte) {
	if len(value) > 0 && value[0] == '{' {
		return buffer, value
	}
	buffer, text := textOf(buffer, value)
	if n, ok := serdejson.Value(text, capture.MaxDepth); text != nil && (!ok || len(bytes.TrimSpace(text[n:])) > 0) {
		return buffer, text[:0] // it is there, and no object
	}
	return buffer, text
}

// unquoted takes the quotes off a string that has no escapes.
func unquoted(value []byte) []byte {
	if len(value) > 1 && value[0] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}
