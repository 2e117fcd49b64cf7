package sql

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/city"

	"rehearse/internal/capture"
)

//go:embed queries
var queries embed.FS

// DefaultQuery is the SELECT for a kind of database, clickhouse or hogql, with comments
// that say what may be changed.
func DefaultQuery(kind string) (string, error) {
	text, err := queries.ReadFile("queries/" + kind + ".sql")
	if err != nil {
		return "", fmt.Errorf("there is no query for %.40q: want clickhouse or hogql", kind)
	}
	return string(text), nil
}

// fill takes comments and the last semicolon from a query, and writes into it what is
// known of the run.
func fill(query string, o *Options) (string, error) {
	var kept []string
	for line := range strings.Lines(query) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			kept = append(kept, strings.TrimRight(line, " \t\r\n"))
		}
	}
	text := strings.TrimRight(strings.Join(kept, "\n"), "; \n")
	if text == "" {
		return "", errors.New("the query is empty")
	}
	if strings.Contains(text, "{prefix}") && o.Prefix == "" {
		return "", errors.New("the query asks for {prefix}, and the run has no traffic.distinct_ids.prefix")
	}
	since := o.Since.UTC().Truncate(time.Second)
	from := fmt.Sprintf("toDateTime('%s', 'UTC')", since.Format(time.DateTime))
	if o.Kind == "hogql" {
		from = fmt.Sprintf("toDateTime('%s')", since.Format("2006-01-02T15:04:05Z"))
	}
	return strings.NewReplacer("{from}", from, "{prefix}", Quote(o.Prefix)).Replace(text), nil
}

// Quote is a string literal of ClickHouse and HogQL.
func Quote(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }

// columns are those that a query gives.
type columns struct {
	name, id, properties bool
	time                 string // that says when a row was there; empty: none does
}

// timeColumns may say when a row was there: the first of them that is there does.
var timeColumns = []string{"inserted_at", "_inserted_at", "ingested_at", "_timestamp", "created_at", "now"}

// columnsOf reads which columns there are.
func columnsOf(names []string) (c columns, err error) {
	if !slices.Contains(names, "uuid") {
		return c, fmt.Errorf("the query gives no column uuid, but %.200q", names)
	}
	c.name, c.id = slices.Contains(names, "event"), slices.Contains(names, "distinct_id")
	c.properties = slices.Contains(names, "properties")
	for _, name := range timeColumns {
		if slices.Contains(names, name) {
			c.time = name
			break
		}
	}
	return c, nil
}

// uuidText is the uuid as text.
const uuidText = "lower(toString(uuid))"

// bucket is the beginning of the uuid.
func bucket(digits int) string { return fmt.Sprintf("substring(%s, 1, %d)", uuidText, digits) }

// hashed is the text of a row whose hashes are summed up.
func (c *columns) hashed() string {
	parts := []string{uuidText}
	if c.name {
		parts = append(parts, "toString(event)")
	}
	if c.id {
		parts = append(parts, "toString(distinct_id)")
	}
	if len(parts) == 1 {
		return "cityHash64(" + uuidText + ")"
	}
	return `cityHash64(concat(` + strings.Join(parts, `, '\n', `) + `))`
}

// hash is the hash of a row as the database computes it, on the text in a buffer that
// is used again.
func (c *columns) hash(buffer []byte, u capture.UUID, name, id []byte) (kept []byte, hash uint64) {
	buffer = capture.AppendUUID(buffer[:0], u)
	if c.name {
		buffer = append(append(buffer, '\n'), name...)
	}
	if c.id {
		buffer = append(append(buffer, '\n'), id...)
	}
	return buffer, city.CH64(buffer)
}

// utc is a time as text, in UTC whatever the server's zone is.
func utc(time string) string { return "toString(toTimeZone(" + time + ", 'UTC'))" }

// counting asks for counts and sums by the first digits of uuids, of all or of those
// that begin with one of some.
func (s *database) counting(digits int, within []uint32, shorter int) string {
	latest := "''"
	if s.columns.time != "" {
		latest = utc("max(" + s.columns.time + ")")
	}
	return fmt.Sprintf("SELECT %s AS bucket, toString(count()) AS counted, toString(sum(%s)) AS total, %s AS latest\n"+
		"%sGROUP BY bucket\nLIMIT %d",
		bucket(digits), s.columns.hashed(), latest, s.from(within, shorter), s.limits.rows)
}

// pulling asks for the rows whose uuids begin with one of some.
func (s *database) pulling(within []uint32, digits int) string {
	list := []string{"uuid"}
	for _, c := range []struct {
		name string
		has  bool
	}{
		{"event", s.columns.name},
		{"distinct_id", s.columns.id},
		{"properties", s.columns.properties && s.Properties != None},
	} {
		if c.has {
			list = append(list, c.name)
		}
	}
	if s.columns.time != "" {
		list = append(list, utc(s.columns.time)+" AS ingested_at")
	}
	return fmt.Sprintf("SELECT %s\n%sLIMIT %d", strings.Join(list, ", "), s.from(within, digits), s.limits.rows)
}

// from is what is asked, of all uuids or of those that begin with one of some.
func (s *database) from(within []uint32, digits int) string {
	text := "FROM (\n" + s.query + "\n) AS found\n"
	if within == nil {
		return text
	}
	names := make([]string, len(within))
	for i, b := range within {
		names[i] = fmt.Sprintf("'%0*x'", digits, b)
	}
	return text + fmt.Sprintf("WHERE %s IN (%s)\n", bucket(digits), strings.Join(names, ", "))
}
