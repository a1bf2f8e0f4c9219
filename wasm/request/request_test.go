package request

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAnswer(t *testing.T) {
	const plan = `"sampling_rate":0.01,"noise_multiplier":1,"steps":1000`
	for _, test := range []struct {
		name, request string
		lower, upper  float64 // of the answer's worse direction
	}{
		{"epsilon", `{"command":"epsilon",` + plan + `,"delta":1e-5}`, 1.82823, 1.82824},
		{"phases", `{"command":"epsilon","phases":[{"sampling_rate":0.01,"noise_multiplier":1,"steps":400},{"sampling_rate":0.01,"noise_multiplier":1,"steps":600}],"delta":1e-5}`, 1.82823, 1.82824},
		{"edgeworth, order 1", `{"command":"epsilon",` + plan + `,"delta":1e-5,"accountant":"edgeworth","order":1}`, 1.89, 1.90},
		{"rdp", `{"command":"epsilon",` + plan + `,"delta":1e-5,"accountant":"rdp"}`, 0, 2.2},
		{"gdp", `{"command":"epsilon",` + plan + `,"delta":1e-5,"accountant":"gdp"}`, 1.6, 1.63},
		{"noise", `{"command":"noise","sampling_rate":0.01,"steps":1000,"epsilon":1.8282366665,"delta":1e-5}`, 1.82823, 1.82824},
	} {
		t.Run(test.name, func(t *testing.T) {
			var answer struct {
				Error   string
				Epsilon struct{ Lower, Upper float64 }
			}
			if err := json.Unmarshal(Answer([]byte(test.request)), &answer); err != nil || answer.Error != "" {
				t.Fatal(err, answer.Error)
			}
			if e := answer.Epsilon; e.Lower < test.lower || e.Upper > test.upper {
				t.Errorf("epsilon in [%v, %v], want within [%v, %v]", e.Lower, e.Upper, test.lower, test.upper)
			}
		})
	}
}

func TestAnswerRefuses(t *testing.T) {
	for request, want := range map[string]string{
		`{`:                   "JSON",
		`{"command":"solve"}`: "command",
		`{"command":"epsilon","sampling_rate":2,"noise_multiplier":1,"steps":1,"delta":1e-5}`:                      "sampling_rate 2",
		`{"command":"epsilon","sampling_rate":0.1,"noise_multiplier":1,"steps":1,"delta":1e-5,"accountant":"new"}`: "accountant",
		`{"command":"noise","sampling_rate":0.1,"steps":1,"epsilon":-1,"delta":1e-5}`:                              "epsilon",
	} {
		if answer := string(Answer([]byte(request))); !strings.Contains(answer, `"error"`) || !strings.Contains(answer, want) {
			t.Errorf("%s: answer %s, want an error with %q", request, answer, want)
		}
	}
}
