package verify

import (
	"io"
	"time"

	"rehearse/internal/capture"
)

// Row is one event as a source holds it. Its slices belong to the reader and are
// good until its next row.
type Row struct {
	Unusable Unusable // why the row tells of no event; empty: it does

	UUID       capture.UUID
	Name       []byte    // the name of the event; nil: the source does not say
	DistinctID []byte    // nil: the source does not say
	Properties []byte    // a JSON object; nil: the source does not say
	Person     []byte    // the person's id; nil: the source does not say
	Time       time.Time // when it came to where the source has it from; zero: not known
	Partition  int32     // within which order is kept; 0 where there is one
	Version    int64     // of which id has which person: the highest counts; 0: the last row does
	Deleted    bool      // the id has no person any more
}

// Unusable says why a row tells of no event.
type Unusable string

// Why a row tells of no event.
const (
	NotJSON   Unusable = "not_json"   // it is no JSON object
	TooLong   Unusable = "too_long"   // it is longer than a row may be
	NoUUID    Unusable = "no_uuid"    // it has no uuid, or one that is none
	NotEvents Unusable = "not_events" // a recorded request that submits no events
	Refused   Unusable = "refused"    // a recorded request that was refused, so that its events were not taken
	Tombstone Unusable = "tombstone"  // a message without a value
)

// Reader reads the rows of a source from the beginning.
type Reader interface {
	// Next reads the next row into r; io.EOF follows the last one. Any other error
	// says why the source cannot be read to its end.
	Next(r *Row) error
	io.Closer
}

// Source is where events came to, and what is known of its rows.
type Source struct {
	Kind string // such as jsonl, parquet, capture or kafka
	Name string // a path, or a topic; without secrets

	Sent    bool // properties are byte for byte as they were sent
	InOrder bool // rows of a partition stand in the order in which they came
	Arrival bool // times are those of arrival at the endpoint, and not of something behind it

	Open     func() (Reader, error)   // may be called again when the reader before it is closed
	Position func() (read, all int64) // how far the open reader has come, in bytes or messages; asked by who reads
	Notes    func() []Note            // what is known when it has been read; nil: nothing
	Told     func() *Told             // what it told in sums beside the rows, when it has been read; nil: nothing

	Again *Again // looks at it once more while it fills; nil: it can be read only once
}

// Again is how a source is looked at once more while it fills.
type Again struct {
	// More looks for rows behind the end that the open reader came to, so that it reads
	// on there; nil: the source is read again.
	More func() error

	// Reopen looks at the source as it is now, before it is opened again. changed is false if
	// reading it again would give the same rows.
	Reopen func() (changed bool, err error)

	// Count counts without reading rows: how many of the events that should be there may be, which is all of
	// them if they are there, and all rows. nil: rows have to be read.
	Count func() (visible, rows int64, err error)
}

// Told is what a source told of many events at once, so that their rows need not be read.
type Told struct {
	// Holds tells whether the event of a uuid was summed up with others, and of these all are there
	// that were accepted and no rule drops, each as often as it was accepted, and nothing else is.
	Holds            func(capture.UUID) bool
	Rows             int64     // that were summed up in this way
	NoUUID           int64     // rows without one, beside these
	Latest           time.Time // when the last row of all came; zero: not known
	Name, DistinctID bool      // these were in the sums
}

// Note is something that a reader of the report should know.
type Note struct {
	Code  string `json:"code"`            // one of those below
	Count int64  `json:"count,omitempty"` // of what the code names
	Text  string `json:"text,omitempty"`  // a name or time that belongs to it
}

// The codes of notes.
const (
	NoteDamage    = "ledger_damaged"       // text says where: what became of the events there is not known
	NoteStarts    = "starts_apart"         // shards began up to text apart: times to visible count from the first
	NoteAnswers   = "answers_not_recorded" // count recorded requests do not say their answers, and count as accepted
	NoteForgotten = "not_named"            // count rows of events that were seen three times or more are not compared
	NoteUnequal   = "blocks_not_read"      // count blocks with altered events were not read again: there are more
	NoteUnread    = "not_read_twice"       // text says why altered events are not named
	NoteDrops     = "drops_not_predicted"  // what the endpoint drops of several projects counts as lost
	NoteSampled   = "times_sampled"        // times to visible are those of count events alone
)
