package kafka

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"rehearse/internal/verify"
)

// TestConfig: what the environment says is read, and its mistakes are named without any
// secret.
func TestConfig(t *testing.T) {
	t.Parallel()
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	c, err := FromEnvironment(env("KAFKA_BROKERS", "a:1, b:2,", "KAFKA_TLS", "true", "KAFKA_SASL_MECHANISM",
		"scram-sha-256", "KAFKA_SASL_USERNAME", "u", "KAFKA_SASL_PASSWORD", "secret", "KAFKA_TIMEOUT", "3s"))
	if err != nil || strings.Join(c.Brokers, " ") != "a:1 b:2" || c.TLS == nil || c.SASL != "SCRAM-SHA-256" ||
		c.timeout() != 3*time.Second || len(c.options()) != 5 {
		t.Errorf("%+v, %v", c, err)
	}
	for want, get := range map[string]func(string) string{
		"set KAFKA_BROKERS": env(),
		"want PLAIN, SCRAM-SHA-256": env("KAFKA_BROKERS", "a:1", "KAFKA_SASL_MECHANISM", "MAGIC",
			"KAFKA_SASL_PASSWORD", "secret"),
		"want a duration such as 30s": env("KAFKA_BROKERS", "a:1", "KAFKA_TIMEOUT", "soon"),
		"cannot read KAFKA_TLS_CA":    env("KAFKA_BROKERS", "a:1", "KAFKA_TLS_CA", "/nowhere"),
		"cannot read KAFKA_TLS_CERT":  env("KAFKA_BROKERS", "a:1", "KAFKA_TLS_CERT", "/nowhere"),
	} {
		if _, err := FromEnvironment(get); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestTail: messages that come while a topic is watched are read where reading had ended,
// each once.
func TestTail(t *testing.T) {
	t.Parallel()
	run, records := sent(t, captured)
	_, c := broker(t, "delete")
	left := records[1:] // the first is lost
	some := func(n int) {
		n = min(n, len(left))
		produce(t, c, left[:n])
		left = left[n:]
	}
	some(500)
	s, err := Tail(t.Context(), c, "events", start.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	some(100) // before the first look
	looks := 0
	ctx, cancel := context.WithCancel(t.Context())
	r, err := verify.Hold(ctx, t.Context(), run, s, verify.Options{
		Thresholds: verify.Implied(),
		Watch: &verify.Watch{Deadline: time.Hour, Every: time.Millisecond, Seen: func(p verify.Point, _ int64) {
			if some(333); len(left) == 0 && p.Visible == 1999 {
				if looks++; looks == 1 {
					produce(t, c, records[:1])
				}
			}
		}},
	})
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	if e := r.Report.Events; e.Accepted != (verify.Accepted{Present: 2000}) || e.Duplicated != 0 ||
		r.Report.Rows.All != 2000 || !r.Report.Drain.Reached || r.Report.Content.Altered != 0 {
		t.Errorf("%+v, rows %+v, drain %+v", e, r.Report.Rows, r.Report.Drain)
	}
	if read, all := s.Position(); read != all || all != 2000 {
		t.Errorf("%d of %d offsets were read", read, all)
	}
}

// TestLag: what a group has not committed counts, in all partitions; a group that has committed
// nothing of a topic is no group without lag.
func TestLag(t *testing.T) {
	t.Parallel()
	_, c := broker(t, "delete")
	var records []*kgo.Record
	for i := range 30 {
		records = append(records, &kgo.Record{Key: fmt.Append(nil, i), Value: []byte("x")})
	}
	produce(t, c, records)
	lags, err := OpenLags(c)
	if err != nil {
		t.Fatal(err)
	}
	defer lags.Close()
	if _, err := lags.Of(t.Context(), "ingestion", "events"); err == nil ||
		!strings.Contains(err.Error(), `cannot tell the lag of the group "ingestion" on the topic "events": `) {
		t.Errorf("an unknown group: %v", err)
	}
	admin := kadm.NewClient(lags.client)
	ends, err := admin.ListEndOffsets(t.Context(), "events")
	if err != nil {
		t.Fatal(err)
	}
	commit := func(partition int32, at int64) {
		t.Helper()
		var offsets kadm.Offsets
		offsets.AddOffset("events", partition, at, -1)
		if err := admin.CommitAllOffsets(t.Context(), "ingestion", offsets); err != nil {
			t.Fatal(err)
		}
	}
	want := int64(30)
	for partition, end := range ends["events"] {
		if end.Offset == 0 {
			continue
		}
		commit(partition, end.Offset-1) // all of it but one
		want -= end.Offset - 1
		if got, err := lags.Of(t.Context(), "ingestion", "events"); err != nil || got != want {
			t.Errorf("the lag is %d, want %d: %v", got, want, err)
		}
	}
	if _, err := lags.Of(t.Context(), "ingestion", "other"); err == nil {
		t.Error("an unknown topic has a lag")
	}
}
