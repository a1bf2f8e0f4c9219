package report

import (
	"encoding/xml"
	"fmt"

	"github.com/ewtune/ewtune/eval"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
}

// JUnit renders gates as test cases; with none it renders the gates that every private run must meet. The numbers
// stand in the names, since GitLab shows no properties. An inconclusive gate is a skipped case.
func JUnit(r *eval.Report, gates []eval.GateResult) []byte {
	if gates == nil {
		// The zero Gates ask for nothing that could be refused.
		gates, _ = new(eval.Gates).Check(r, nil)
	}
	suites := junitSuites{Name: "ewtune"}
	byRun := map[string]int{}
	for _, g := range gates {
		at, known := byRun[g.Subject]
		if !known {
			at = len(suites.Suites)
			byRun[g.Subject] = at
			suites.Suites = append(suites.Suites, junitSuite{Name: g.Subject})
		}
		suites.Suites[at].add(g)
	}
	for _, s := range suites.Suites {
		suites.Tests, suites.Failures, suites.Skipped = suites.Tests+s.Tests, suites.Failures+s.Failures, suites.Skipped+s.Skipped
	}
	text, err := xml.MarshalIndent(suites, "", "  ")
	if err != nil {
		panic(err) // strings and integers alone
	}
	return append([]byte(xml.Header), append(text, '\n')...)
}

func (s *junitSuite) add(g eval.GateResult) {
	c := junitCase{Class: g.Subject, Name: fmt.Sprintf("%s: %s", g.Gate, g.Why)}
	s.Tests++
	switch g.State {
	case eval.Fail:
		s.Failures++
		c.Failure = &junitMessage{g.Why}
	case eval.Inconclusive:
		s.Skipped++
		c.Skipped = &junitMessage{"inconclusive: " + g.Why}
	}
	s.Cases = append(s.Cases, c)
}
