package plot

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Place writes a coordinate, to a tenth of a unit.
func Place(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// Line is a path through points.
func Line(xs, ys []float64) string {
	var b strings.Builder
	for i := range xs {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%s %s", command, Place(xs[i]), Place(ys[i]))
	}
	return b.String()
}

// Area is what lies between two lines over the same points.
func Area(xs, low, high []float64) string {
	if len(xs) == 0 {
		return ""
	}
	var back strings.Builder
	for i := len(xs) - 1; i >= 0; i-- {
		fmt.Fprintf(&back, "L%s %s", Place(xs[i]), Place(high[i]))
	}
	return Line(xs, low) + back.String() + "Z"
}

// Block is a rectangle as a part of a path.
func Block(x1, x2, y1, y2 float64) string {
	return fmt.Sprintf("M%s %sH%sV%sH%sZ", Place(x1), Place(y1), Place(x2), Place(y2), Place(x1))
}
