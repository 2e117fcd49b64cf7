package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/verify"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

var start = time.Date(2026, 11, 30, 5, 42, 7, 123456789, time.UTC)

// sent is a run all of whose events were accepted, and their messages.
func sent(t *testing.T, message func(e *capture.Event, at time.Time) string) (*verify.Run, []*kgo.Record) {
	t.Helper()
	s, err := scenario.Parse("s.yaml",
		[]byte("name: s\nload: {profile: 'const(200, 10s)'}\ntraffic: {seed: 5, distinct_ids: {count: 300}}\n"),
		scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dues := schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed)
	model, due := traffic.New(s.Traffic, s.Load.Curve), dues.Cursor().Due
	w := &traffic.Writer{Start: start, Due: due}
	run := &verify.Run{ID: "r", Name: "s", Scenario: s, Attempts: []verify.Attempt{{
		Starts: []time.Time{start}, Load: 10 * time.Second,
		Fates: []results.Range{{First: 0, Count: dues.Total(), Fate: capture.FateAccepted}},
	}}}
	var records []*kgo.Record
	var e capture.Event
	for i := range dues.Total() {
		model.Write(&e, i, w)
		at := start.Add(due(i) + 15*time.Millisecond)
		records = append(records, &kgo.Record{
			Key:       []byte("k:" + string(e.DistinctID)),
			Value:     []byte(message(&e, at)),
			Timestamp: at,
		})
	}
	return run, records
}

// captured is a message of the capture service: the event as text in it.
func captured(e *capture.Event, at time.Time) string {
	data, _ := json.Marshal(string(capture.AppendEvent(nil, e)))
	return fmt.Sprintf(`{"uuid":"%s","distinct_id":"%s","ip":"127.0.0.1","data":%s,"now":"%s","token":"k"}`, e.UUID,
		e.DistinctID, data, at.Format(time.RFC3339Nano))
}

// processed is a message of the pipeline for ClickHouse.
func processed(e *capture.Event, at time.Time) string {
	properties, _ := json.Marshal(strings.Replace(string(e.Properties), "{", `{"$geoip_country_code":"PT", `, 1))
	return fmt.Sprintf(`{"uuid":"%s","event":"%s","distinct_id":"%s","properties":%s,"created_at":"%s",`+
		`"person_id":"p"}`,
		e.UUID, e.Name, e.DistinctID, properties, at.Format("2006-01-02 15:04:05.000000"))
}

// broker is a broker in this process with a topic of three partitions.
func broker(t *testing.T, policy string) (*kfake.Cluster, Config) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	c := Config{Brokers: cluster.ListenAddrs(), Timeout: 5 * time.Second}
	client, err := kgo.NewClient(c.options()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 3, 1, map[string]*string{"cleanup.policy": &policy},
		"events"); err != nil {
		t.Fatal(err)
	}
	return cluster, c
}

// produce writes messages.
func produce(t *testing.T, c Config, records []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(append(c.options(), kgo.DefaultProduceTopic("events"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// hold holds the topic against a run.
func hold(t *testing.T, run *verify.Run, c Config) *verify.Report {
	t.Helper()
	s, err := Topic(t.Context(), c, "events", start.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Hold(t.Context(), t.Context(), run, s, verify.Options{Thresholds: verify.Implied()})
	if err != nil {
		t.Fatal(err)
	}
	if read, all := s.Position(); r.Report.Source.Complete && read != all {
		t.Errorf("%d of %d offsets were read", read, all)
	}
	return &r.Report
}

// TestTopic: messages of the service and of the pipeline are found, whatever else the
// topic holds.
func TestTopic(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]func(*capture.Event, time.Time) string{
		"capture":    captured,
		"clickhouse": processed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, records := sent(t, message)
			_, c := broker(t, "delete")
			older := *records[7] // before the run: it is not asked for
			older.Timestamp = start.Add(-time.Hour)
			produce(t, c, []*kgo.Record{&older})
			tombstone := &kgo.Record{Key: []byte("k:d"), Timestamp: start.Add(time.Second)}
			again := *records[100]
			all := append(append([]*kgo.Record{}, records[:3]...), records[4:]...)
			produce(t, c, append(all, &again, tombstone, &kgo.Record{
				Value:     []byte("{"),
				Timestamp: start.Add(time.Second),
			}))
			r := hold(t, run, c)
			if e := r.Events; e.Accepted.Present != 1999 || e.Accepted.Lost != 1 || e.Duplicated != 1 {
				t.Errorf("events: %+v", e)
			}
			if u := r.Rows.Unusable; u[verify.Tombstone] != 1 || u[verify.NotJSON] != 1 || r.Rows.All != 2002 ||
				r.Rows.OtherRun != 0 {
				t.Errorf("rows: %+v", r.Rows)
			}
			if r.Content.Altered != 0 || len(r.Content.Compared) != 3 || r.Order.Misordered != 0 ||
				r.Order.Events != 1999 || r.Visible == nil || r.Visible.P50 < 14 || r.Visible.P50 > 17 {
				t.Errorf("content %+v, order %+v, visible %+v", r.Content, r.Order, r.Visible)
			}
		})
	}
}

// TestUndecidedTopic: of a topic from which messages may be gone, or whose broker dies,
// nothing is called lost.
func TestUndecidedTopic(t *testing.T) {
	t.Parallel()
	t.Run("compacted", func(t *testing.T) {
		t.Parallel()
		run, records := sent(t, captured)
		_, c := broker(t, "compact")
		produce(t, c, records[:1000])
		r := hold(t, run, c)
		if r.Verdict != verify.Invalid || r.Because != verify.Incomplete || r.Events.Accepted.Lost != 0 ||
			!strings.Contains(r.Source.Why, "compacted") {
			t.Errorf("%s because of %s (%s), %+v", r.Verdict, r.Because, r.Source.Why, r.Events)
		}
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		run, records := sent(t, captured)
		_, c := broker(t, "delete")
		produce(t, c, records)
		client, err := kgo.NewClient(c.options()...)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		var gone kadm.Offsets
		gone.AddOffset("events", 1, 20, -1)
		if _, err := kadm.NewClient(client).DeleteRecords(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		r := hold(t, run, c)
		if r.Because != verify.Incomplete || r.Events.Accepted.Lost != 0 || r.Events.Unread != 20 ||
			!strings.Contains(r.Source.Why, "partition 1 begins at offset 20") {
			t.Errorf("because of %s (%s), %+v", r.Because, r.Source.Why, r.Events)
		}
	})
	t.Run("the broker dies", func(t *testing.T) {
		t.Parallel()
		run, records := sent(t, captured)
		cluster, c := broker(t, "delete")
		produce(t, c, records)
		c.Timeout = 300 * time.Millisecond
		s, err := Topic(t.Context(), c, "events", start.Add(-time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		cluster.Close()
		r, err := verify.Hold(t.Context(), t.Context(), run, s, verify.Options{Thresholds: verify.Implied()})
		if err != nil {
			t.Fatal(err)
		}
		if got := &r.Report; got.Because != verify.Incomplete || got.Events.Accepted.Lost != 0 || got.Source.Why == "" {
			t.Errorf("because of %s (%s), %+v", got.Because, got.Source.Why, got.Events)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		_, records := sent(t, captured)
		cluster, c := broker(t, "delete")
		produce(t, c, records)
		ctx, cancel := context.WithCancel(t.Context())
		s, err := Topic(ctx, c, "events", start.Add(-time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		cluster.Close()
		r, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cancel()
		var row verify.Row
		if err := r.Next(&row); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("empty and unknown", func(t *testing.T) {
		t.Parallel()
		_, c := broker(t, "delete")
		s, err := Topic(t.Context(), c, "events", start)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var row verify.Row
		if err := r.Next(&row); !errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
		if _, err := Topic(t.Context(), c, "nowhere", start); err == nil ||
			!strings.Contains(err.Error(), `cannot read the topic "nowhere"`) {
			t.Errorf("%v", err)
		}
	})
}

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
		t.Errorf("a group that nobody knows: %v", err)
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
		t.Error("a topic that nobody knows has a lag")
	}
}
