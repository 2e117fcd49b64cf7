// Package source deals out the batches of a run, synthesized from a model of traffic
// or replayed from a recording: the whole of it, a shard, or what is left of a run
// that is resumed. What is dealt out depends on the scenario and the recording alone.
//
// Reading order: source.go opens a part of a scenario's traffic; synth.go synthesizes
// it, cut into batches by cut.go; replay.go opens a replay, and replay_events.go and
// replay_requests.go read it by the clock of clock.go; survey.go deals traffic out to
// whoever wants to see it before it is sent, and counts it; part.go leaves out what is
// another shard's or was accepted before; sample.go prints events instead of sending
// them, and events.go tells of them; notes.go says what is to be known before a run.
package source
