package schedule_test

import (
	"fmt"
	"time"

	"rehearse/scenario/schedule"
)

// A load is a curve: how fast at a time, how many by then, and when the next.
func ExampleCurve() {
	stages, err := schedule.Parse("line(0, 100, 10s) const(100, 5s)")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := schedule.NewCurve(stages)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Total(), "events in", c.Span(), "at up to", c.Peak(), "a second")
	fmt.Println(c.Rate(5e9), c.Count(5e9), c.When(125))
	// Output:
	// 1000 events in 15s at up to 100 a second
	// 50 125 5s
}

// Event i is due when the curve's integral reaches i.
func ExampleSchedule() {
	c, err := schedule.NewCurve([]schedule.Stage{{From: 0, To: 10, Over: 2 * time.Second}})
	if err != nil {
		fmt.Println(err)
		return
	}
	walk := schedule.New(c, schedule.Even, 1).Cursor()
	for i := range c.Total() {
		fmt.Print(walk.Due(i).Round(time.Millisecond), " ")
	}
	// Output:
	// 0s 632ms 894ms 1.095s 1.265s 1.414s 1.549s 1.673s 1.789s 1.897s
}
