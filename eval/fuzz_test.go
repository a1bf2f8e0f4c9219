package eval

import (
	"testing"
)

// Whatever stands in a file, a reader answers with a value or an error, and an audit of what was read is finite.
func FuzzReaders(f *testing.F) {
	f.Add(`{"schema":"ewtune.audit/v1","kind":"input","canaries":2,"guesses":2,"delta":1e-5}` + "\n" +
		`{"id":0,"included":true,"score":1}` + "\n" + `{"id":1,"included":false,"score":0}`)
	f.Add(`{"step":1,"lot_size":3,"loss":0.5,"clipped":1}`)
	f.Add(`{"schema":"ewtune.eval/v1","runs":[]}`)
	f.Add(`{"schema":"ewtune.run/v1","name":"a","task":"sst2","data":{"rows":1},"files":{"predictions":["p"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		if steps, err := ReadSteps([]byte(text), "f"); err == nil && len(thin(steps)) > CurvePoints {
			t.Error("a curve has too many points")
		}
		_, _ = ReadReport([]byte(text), "f")
		_, _ = ReadRun([]byte(text), "f")
		c, err := ReadCanaries([]byte(text), "f")
		if err != nil {
			return
		}
		result, err := Audit(c)
		if err != nil {
			t.Fatalf("read, but cannot be audited: %v", err)
		}
		if finite(result.Lower) == nil || result.Lower < 0 || result.Correct > result.Guesses || !(result.Membership.AUC >= 0 && result.Membership.AUC <= 1) {
			t.Errorf("audit %+v", result)
		}
	})
}
