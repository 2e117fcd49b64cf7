package sql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/city"
)

// stored is a row of a table.
type stored struct {
	uuid, event, id, properties string
	came                        time.Time
}

// fake answers the queries of this package as a database would that holds a table.
type fake struct {
	table []stored
	hogql bool
	// spoil makes an answer wrong; nil: they are right
	spoil func(query string, answer []row) *http.Response
	edit  func(query string, answer []row) []row
	asked int
}

// micros is how a database writes times.
const micros = "2006-01-02 15:04:05.000000"

// row is a row of an answer, in the order of its columns.
type row []string

var (
	countedBy = regexp.MustCompile(`^SELECT substring\(lower\(toString\(uuid\)\), 1, (\d)\) AS bucket`)
	limitedTo = regexp.MustCompile(`WHERE substring\(lower\(toString\(uuid\)\), 1, (\d)\) IN \(([^)]*)\)`)
	limit     = regexp.MustCompile(`LIMIT (\d+)$`)
)

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	query := strings.TrimSuffix(string(body), "\nFORMAT JSONEachRow")
	if f.hogql {
		var q hogqlQuery
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, err
		}
		query = q.Query.Query
	}
	columns, rows := f.answer(query)
	if f.edit != nil {
		rows = f.edit(query, rows)
	}
	if f.spoil != nil {
		if response := f.spoil(query, rows); response != nil {
			return response, nil
		}
	}
	return respond(200, f.encode(columns, rows)), nil
}

// respond is an answer with a text.
func respond(status int, body string) *http.Response {
	return &http.Response{Status: fmt.Sprint(status), StatusCode: status, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body))}
}

// answer does what a query asks.
func (f *fake) answer(query string) (columns []string, rows []row) {
	table := f.table
	if m := limitedTo.FindStringSubmatch(query); m != nil {
		digits, _ := strconv.Atoi(m[1])
		wanted := map[string]bool{}
		for _, name := range strings.Split(m[2], ", ") {
			wanted[strings.Trim(name, "'")] = true
		}
		table = nil
		for _, s := range f.table {
			if wanted[s.uuid[:digits]] {
				table = append(table, s)
			}
		}
	}
	switch m := countedBy.FindStringSubmatch(query); {
	case m != nil:
		columns, rows = counts(table, m[1])
	case strings.HasPrefix(query, "SELECT toString(count())"):
		columns, rows = []string{"counted"}, []row{{quoted(fmt.Sprint(len(table)))}}
	default:
		came := "ingested_at"
		if strings.HasPrefix(query, "SELECT *") {
			came = "inserted_at"
		}
		columns = []string{"uuid", "event", "distinct_id", came, "properties"}
		if list, _, _ := strings.Cut(query, "\n"); list != "SELECT *" && !strings.Contains(list, ", properties") {
			columns = columns[:4]
		}
		if came == "inserted_at" {
			table = table[:min(len(table), 1)]
		}
		for _, s := range table {
			all := row{quoted(s.uuid), quoted(s.event), quoted(s.id), quoted(s.came.UTC().Format(micros)), ""}
			if len(columns) == 5 {
				all[4] = quoted(s.properties)
			}
			rows = append(rows, all[:len(columns)])
		}
	}
	if m := limit.FindStringSubmatch(query); m != nil {
		most, _ := strconv.Atoi(m[1])
		rows = rows[:min(len(rows), most)]
	}
	return columns, rows
}

// counts groups a table by the beginnings of its uuids.
func counts(table []stored, by string) (columns []string, rows []row) {
	digits, _ := strconv.Atoi(by)
	n, sum, latest := map[string]int{}, map[string]uint64{}, map[string]time.Time{}
	for _, s := range table {
		text := s.uuid + "\n" + s.event + "\n" + s.id
		key := s.uuid[:digits]
		n[key]++
		sum[key] += city.CH64([]byte(text))
		if s.came.After(latest[key]) {
			latest[key] = s.came
		}
	}
	for _, key := range slices.Sorted(maps.Keys(n)) {
		rows = append(rows, row{quoted(key), quoted(fmt.Sprint(n[key])), quoted(fmt.Sprint(sum[key])),
			quoted(latest[key].UTC().Format(micros))})
	}
	return []string{"bucket", "counted", "total", "latest"}, rows
}

// encode writes an answer as its kind of database does.
func (f *fake) encode(columns []string, rows []row) string {
	var b bytes.Buffer
	if f.hogql {
		b.WriteString(`{"columns":["` + strings.Join(columns, `","`) + `"],"results":[`)
		for i, r := range rows {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("[" + strings.Join(r, ",") + "]")
		}
		b.WriteString(`],"hasMore":false}`)
		return b.String()
	}
	for _, r := range rows {
		b.WriteByte('{')
		for i, value := range r {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + columns[i] + `":` + value)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// quoted is a JSON string.
func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}
