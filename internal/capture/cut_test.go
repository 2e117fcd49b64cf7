package capture_test

import (
	"testing"

	"rehearse/internal/capture"
)

func TestCutBatch(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		plain string
		keep  int // bits
		want  string
	}{
		{`{"a":"[","batch":[{"n":0}, {"n":1},{"n":[2]}],"b":1}`, 0b101, `{"a":"[","batch":[{"n":0},{"n":[2]}],"b":1}`},
		{`{"batch":[{"n":0},{"n":1}]}`, 0b10, `{"batch":[{"n":1}]}`},
		{`{"batch":[{"n":0}]}`, 0, `{"batch":[]}`},
		{`{"batch":5}`, 1, `{"batch":5}`},
		{`[{"n":0}]`, 0, `[]`},
		{` [{"n":0},{"n":1} ,{"n":2}] `, 0b110, ` [{"n":1},{"n":2}] `},
		{`"batch"`, 0, `"batch"`}, {`data=W10`, 0, `data=W10`}, {``, 0, ``},
	} {
		got := capture.CutBatch(nil, []byte(row.plain), func(i int) bool { return row.keep>>i&1 == 1 })
		if string(got) != row.want {
			t.Errorf("%s, %b:\n got %s\nwant %s", row.plain, row.keep, got, row.want)
		}
	}
}
