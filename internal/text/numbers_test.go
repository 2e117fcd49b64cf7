package text

import "testing"

func TestNumbers(t *testing.T) {
	t.Parallel()
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(Count(12_345_678), "12,345,678")
	f(Count(int64(1<<53+1)), "9,007,199,254,740,993")
	f(Count(1999.5), "2,000")
	f(Plural(1, "event"), "1 event")
	f(Plural(0, "event"), "0 events")
	f(Plural(12_345, "event"), "12,345 events")

	f(Rate(0), "0")
	f(Rate(0.25), "0.25")
	f(Rate(99.94), "99.9")
	f(Rate(4999.6), "5,000")

	f(Milliseconds(0), "0 µs")
	f(Milliseconds(0.017), "17 µs")
	f(Milliseconds(5.003), "5 ms")
	f(Milliseconds(1.234), "1.23 ms")
	f(Milliseconds(12.34), "12.3 ms")
	f(Milliseconds(500.2), "500.2 ms")
	f(Milliseconds(950), "950 ms")
	f(Milliseconds(1500), "1.50 s")
	f(Milliseconds(3_600_810), "3,601 s")

	f(Percent(0), "0 %")
	f(Percent(1), "100 %")
	f(Percent(0.001), "0.1 %")
	f(Percent(0.12345), "12.35 %")
	f(Percent(0.999999), "over 99.99 %")
	f(Percent(0.000001), "under 0.01 %")

	f(Size(3_400_000), "3.4 MB")
	f(Size(-1), "0 B")
}
