// Package schedule is the arithmetic of offered load: how fast events come at a time, how
// many there are by then, and when each one is due. It sleeps and sends nothing.
//
// A load is a list of [Stage]s, parsed from text ([Parse]) or made of a recorded series
// ([ReadSeries]). [NewCurve] makes a [Curve] of them: a rate with an integral and an exact
// inverse. [New] makes a [Schedule] of the curve, which says when event i is due, and a
// [Cursor] walks it at one draw an event. Rates are in events per second, times are
// offsets from the start of the run. All but a Cursor and a [Windows] are safe for
// concurrent use once they are made.
//
// To read the package: parse.go (the profile's language), series.go (recorded series),
// burstiness.go (how unevenly events fall), schedule.go (when they are due), curve.go
// (rate, integral, inverse), stages.go (what all are made of).
package schedule
