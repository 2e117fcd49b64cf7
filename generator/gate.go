package generator

// Limit is the most that a run may send in any second, whenever that begins.
type Limit struct {
	Events   int64 // in any second; 0: there is no limit at all
	Requests int64 // in any second; 0: no bound of its own
	Batch    int64 // events of one request; 0: no bound
}
