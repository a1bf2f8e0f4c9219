package accountant

// Tuning says that a run is the best of a random number of trials.
type Tuning struct{}

func (t *Tuning) validate() error { return nil }
