package metrics

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/results"
)

// small is a run of three requests of two events: one was accepted after 20 ms,
// one refused after 20 ms, one accepted at once.
func small() []Family {
	t := results.NewTally()
	t.Fates[capture.FateAccepted] = results.Count{Requests: 2, Events: 4}
	t.Fates[capture.FateRejected] = results.Count{Requests: 1, Events: 2}
	t.Refusals[results.Refusal{Reason: capture.Unavailable, Status: 503}] = results.Count{Requests: 1, Events: 2}
	for _, d := range []time.Duration{20 * time.Millisecond, 20 * time.Millisecond, 0} {
		t.Latency.Record(d)
	}
	return Of(t, &results.Row{Target: 0.5, InFlight: results.Count{Requests: 7}})
}

func TestText(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	if err := WriteText(&got, small()[:10]); err != nil {
		t.Fatal(err)
	}
	const want = `# HELP rehearse_requests_total Completed requests by outcome.
# TYPE rehearse_requests_total counter
rehearse_requests_total{fate="unsent"} 0
rehearse_requests_total{fate="accepted"} 2
rehearse_requests_total{fate="rejected"} 1
rehearse_requests_total{fate="ambiguous"} 0
# HELP rehearse_events_total Events of completed requests by outcome.
# TYPE rehearse_events_total counter
rehearse_events_total{fate="unsent"} 0
rehearse_events_total{fate="accepted"} 4
rehearse_events_total{fate="rejected"} 2
rehearse_events_total{fate="ambiguous"} 0
# HELP rehearse_not_accepted_total Requests that were not accepted, by reason.
# TYPE rehearse_not_accepted_total counter
rehearse_not_accepted_total{reason="unavailable",side="server",status="503"} 1
# HELP rehearse_may_be_stored_events_total Rejected events that may be stored: the answer is ` +
		`no certain no to each event of its request.
# TYPE rehearse_may_be_stored_events_total counter
rehearse_may_be_stored_events_total 0
# HELP rehearse_may_be_stored_twice_events_total Events that may be stored by more than one attempt.
# TYPE rehearse_may_be_stored_twice_events_total counter
rehearse_may_be_stored_twice_events_total 0
# HELP rehearse_late_total Requests that left late.
# TYPE rehearse_late_total counter
rehearse_late_total 0
# HELP rehearse_connections_total Connections that were opened, or could not be.
# TYPE rehearse_connections_total counter
rehearse_connections_total{opened="yes"} 0
rehearse_connections_total{opened="no"} 0
# HELP rehearse_in_flight_requests Requests sent and unanswered.
# TYPE rehearse_in_flight_requests gauge
rehearse_in_flight_requests 7
# HELP rehearse_target_events_per_second Events a second that the scenario asks for.
# TYPE rehearse_target_events_per_second gauge
rehearse_target_events_per_second 0.5
# HELP rehearse_latency_seconds From due to done: what a customer would have felt.
# TYPE rehearse_latency_seconds histogram
rehearse_latency_seconds_bucket{le="0.001"} 1
rehearse_latency_seconds_bucket{le="0.0025"} 1
rehearse_latency_seconds_bucket{le="0.005"} 1
rehearse_latency_seconds_bucket{le="0.01"} 1
rehearse_latency_seconds_bucket{le="0.025"} 3
rehearse_latency_seconds_bucket{le="0.05"} 3
rehearse_latency_seconds_bucket{le="0.1"} 3
rehearse_latency_seconds_bucket{le="0.25"} 3
rehearse_latency_seconds_bucket{le="0.5"} 3
rehearse_latency_seconds_bucket{le="1"} 3
rehearse_latency_seconds_bucket{le="2.5"} 3
rehearse_latency_seconds_bucket{le="5"} 3
rehearse_latency_seconds_bucket{le="10"} 3
rehearse_latency_seconds_bucket{le="30"} 3
rehearse_latency_seconds_bucket{le="60"} 3
rehearse_latency_seconds_bucket{le="+Inf"} 3
`
	text, rest, _ := strings.Cut(got.String(), "rehearse_latency_seconds_sum ")
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(rest, "0.04") || !strings.HasSuffix(rest, "\nrehearse_latency_seconds_count 3\n") {
		t.Errorf("the end is %q", rest)
	}
}

// decoded reads native metrics with the messages of Prometheus.
func decoded(t interface{ Fatal(...any) }, all []Family) map[string]*dto.MetricFamily {
	var b bytes.Buffer
	if err := WriteNative(&b, all); err != nil {
		t.Fatal(err)
	}
	families := make(map[string]*dto.MetricFamily)
	for in := bytes.NewReader(b.Bytes()); ; {
		f := &dto.MetricFamily{}
		if err := protodelim.UnmarshalFrom(in, f); errors.Is(err, io.EOF) {
			return families
		} else if err != nil {
			t.Fatal(err)
		}
		if len(f.ProtoReflect().GetUnknown()) > 0 {
			t.Fatal(f.GetName(), " has unknown fields")
		}
		families[f.GetName()] = f
	}
}

func TestNativeSaysWhatTheTextSays(t *testing.T) {
	t.Parallel()
	all := small()
	families := decoded(t, all)
	if len(families) != len(all) {
		t.Errorf("%d families, want %d", len(families), len(all))
	}
	kinds := map[Kind]dto.MetricType{
		Counter:   dto.MetricType_COUNTER,
		Gauge:     dto.MetricType_GAUGE,
		Histogram: dto.MetricType_HISTOGRAM,
	}
	for _, f := range all {
		got := families[f.Name]
		if got.GetHelp() != f.Help || got.GetType() != kinds[f.Kind] {
			t.Errorf("%s is %v", f.Name, got)
		}
		for i, p := range f.Points {
			m := got.Metric[i]
			if m.GetCounter().GetValue()+m.GetGauge().GetValue() != p.Value || len(m.Label) != len(p.Labels) {
				t.Errorf("%s: %v, want %v", f.Name, m, p)
			}
			for k, l := range p.Labels {
				if m.Label[k].GetName() != l.Name || m.Label[k].GetValue() != l.Value {
					t.Errorf("%s: %v, want %v", f.Name, m.Label[k], l)
				}
			}
		}
	}
	h := families["rehearse_latency_seconds"].Metric[0].GetHistogram()
	if h.GetSampleCount() != 3 || h.GetZeroCount() != 1 || len(h.Bucket) != len(bounds)+1 ||
		h.Bucket[4].GetCumulativeCount() != 3 || h.Bucket[4].GetUpperBound() != 0.025 ||
		!math.IsInf(h.Bucket[15].GetUpperBound(), 1) {
		t.Errorf("latency is %v", h)
	}
	empty := families["rehearse_lag_seconds"].Metric[0].GetHistogram()
	if len(empty.PositiveSpan) != 1 || empty.GetSchema() != schema {
		t.Errorf("an empty histogram is not native: %v", empty)
	}
}

// native spells out the buckets of a native histogram: index to count.
func native(h *dto.Histogram) map[int]int64 {
	buckets := make(map[int]int64)
	index, count, k := 0, int64(0), 0
	for _, s := range h.PositiveSpan {
		index += int(s.GetOffset())
		for range s.GetLength() {
			count += h.PositiveDelta[k]
			buckets[index] = count
			index, k = index+1, k+1
		}
	}
	return buckets
}

// TestNativeBucketsHoldTheirDurations: every duration is counted in the bucket
// that it lies in, or in a neighbour by the thousandth that it was rounded by.
func TestNativeBucketsHoldTheirDurations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		times := results.NewHistogram()
		upToAMinute := rapid.Int64Range(0, int64(time.Minute/time.Microsecond))
		durations := rapid.SliceOfN(upToAMinute, 0, 200).Draw(t, "microseconds")
		want := make(map[int]int64)
		zero := uint64(0)
		for _, us := range durations {
			times.Record(time.Duration(us) * time.Microsecond)
			if us == 0 {
				zero++
				continue
			}
			want[int(math.Ceil(32*math.Log2(float64(us)/1e6)))]++
		}
		h := decoded(t, []Family{{Name: "x", Kind: Histogram, Points: []Point{{Times: times}}}})["x"].Metric[0].GetHistogram()
		got := native(h)
		if h.GetZeroCount() != zero {
			t.Errorf("%d are zero, want %d", h.GetZeroCount(), zero)
		}
		// Rounding may only move a duration up, and by one bucket at most: below each
		// bucket there are never more than there should be, nor fewer than below the
		// one before.
		low, high, sum := int64(0), int64(0), int64(0)
		for index := -700; index <= 200; index++ {
			low, high, sum = high, high+want[index], sum+got[index]
			if sum < low || sum > high {
				t.Fatalf("up to bucket %d there are %d, want %d to %d", index, sum, low, high)
			}
		}
		if sum != int64(len(durations))-int64(zero) {
			t.Errorf("%d in all, want %d", sum, len(durations))
		}
	})
}

func TestWhoWantsNativeHistograms(t *testing.T) {
	t.Parallel()
	const proto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/plain": false,
		"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2": false,
		proto: true,
		proto + ";q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2," +
			"*/*;q=0.1": true,
		proto + ";q=0.2,text/plain;q=0.6": false, proto + ";q=0": false, "application/vnd.google.protobuf": false,
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text": false, ";;,": false,
	} {
		if Wants(accept) != want {
			t.Errorf("%q: %v", accept, !want)
		}
	}
}
