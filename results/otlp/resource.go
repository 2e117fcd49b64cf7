package otlp

import (
	"slices"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"rehearse/results"
	"rehearse/results/metrics"
)

// resourceOf is who pushes: what the environment says of it, and the run.
func resourceOf(said []metrics.Label, m *results.Manifest) *resourcepb.Resource {
	all := slices.Clone(said)
	if !has(all, "service.name") {
		all = with(all, "service.name", "rehearse")
	}
	if !has(all, "service.instance.id") {
		all = with(all, "service.instance.id", m.RunID)
	}
	all = with(all, "rehearse.run.id", m.RunID)
	all = with(all, "rehearse.scenario", m.Scenario)
	return &resourcepb.Resource{Attributes: attributes(all)}
}

// has tells whether a label is set.
func has(all []metrics.Label, name string) bool {
	return slices.ContainsFunc(all, func(l metrics.Label) bool { return l.Name == name })
}

// with sets a label.
func with(all []metrics.Label, name, value string) []metrics.Label {
	for i := range all {
		if all[i].Name == name {
			all[i].Value = value
			return all
		}
	}
	return append(all, metrics.Label{Name: name, Value: value})
}

// attributes are labels as the protocol has them.
func attributes(labels []metrics.Label) []*commonpb.KeyValue {
	var all []*commonpb.KeyValue
	for _, l := range labels {
		all = append(all, &commonpb.KeyValue{Key: valid(l.Name), Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: valid(l.Value)}}})
	}
	return all
}

// valid replaces what is not UTF-8, which no message can hold, as the W3C Baggage
// format asks for.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
