// Package traffic is the model of synthesized events: who sends them, which they
// are, what they carry, and which of them are wrong on purpose. Event i is a function
// of the scenario and i alone.
//
// Events are planned in blocks of 16,384: kinds from the mix, quotas for what must
// come an exact number of times, persons from the crowd, in sessions that a merge may
// identify, some of which are known to end in a merge later on, in that block or
// another. Writing an event follows its plan and draws the rest, such as properties,
// from a stream of its own.
//
// Reading order: heavy.go, census.go, on the tables of tally.go, and measure.go say
// what a run is like without sending it; model.go writes an event as planned and tells
// which event a uuid is of, and render.go renders one into a body. block.go plans a
// block, of sessions.go and, where ids stay anonymous for a while, pending.go and
// delay.go; planner.go prepares a run and keeps the blocks. mix.go is which events
// there are, how large, and what comes an exact number of times; library.go and
// compile.go make their properties, and values.go draws them; timestamps.go says when
// they happened. population.go and crowd.go are the persons, by the law of zipf.go.
package traffic
