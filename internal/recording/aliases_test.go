package recording

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestAmplitudeArchive: of an export as Amplitude hands it out, a zip of hours as
// gzip files, each line is an event, and a device is joined to its user once, whichever
// hours they were seen in.
func TestAmplitudeArchive(t *testing.T) {
	t.Parallel()
	line := func(id, device string, minute int) string {
		return fmt.Sprintf(`{"event_type":"e","user_id":%s,"device_id":%q,`+
			`"event_time":"2026-01-01 00:%02d:00.000000","uuid":"018a981f-4b35-7c66-825e-0000000000%02d"}`+"\n",
			id, device, minute, minute)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, content := range map[string]string{
		"123/123_2026-01-01_0#0.json.gz": line(`null`, "d1", 1) + line(`"anna"`, "d1", 2),
		"123/123_2026-01-01_1#0.json.gz": line(`"anna"`, "d1", 3) + line(`"anna"`, "d2", 4) +
			line(`"ben"`, "d1", 5) + line(`"anna"`, "d2", 6),
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, gzipped(content))
	}
	z.Close()
	got, counts := readAll(t, written(t, archive.String()))
	var said []string
	for _, e := range got {
		fields := strings.Fields(e)
		said = append(said, fields[0]+" "+fields[1]+" "+fields[3])
	}
	want := `e d1 {"$device_id":"d1"}
$identify anna {"$anon_distinct_id":"d1"}
e anna {"$device_id":"d1"}
e anna {"$device_id":"d1"}
$identify anna {"$anon_distinct_id":"d2"}
e anna {"$device_id":"d2"}
$identify ben {"$anon_distinct_id":"d1"}
e ben {"$device_id":"d1"}
e anna {"$device_id":"d2"}`
	if strings.Join(said, "\n") != want || counts.Lines != 6 || counts.Added != 3 || counts.Events != 9 {
		t.Errorf("events are\n%s\nwant\n%s\n%+v", strings.Join(said, "\n"), want, counts)
	}
}
