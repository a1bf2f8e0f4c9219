package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ewtune/ewtune/eval"
)

// AnnotationLimit is the most annotations that are written: GitHub shows about ten a step.
const AnnotationLimit = 8

// Annotations renders failed and inconclusive gates as GitHub workflow commands, failures first.
func Annotations(gates []eval.GateResult) []byte {
	var lines []string
	for _, state := range []string{eval.Fail, eval.Inconclusive} {
		for _, g := range gates {
			if g.State == state {
				lines = append(lines, annotation(g))
			}
		}
	}
	if left := len(lines) - (AnnotationLimit - 1); left > 1 {
		lines = append(lines[:AnnotationLimit-1], fmt.Sprintf("::notice title=ewtune::%d more gates did not pass; see the step summary", left))
	}
	var out bytes.Buffer
	for _, line := range lines {
		out.WriteString(line + "\n")
	}
	return out.Bytes()
}

func annotation(g eval.GateResult) string {
	level := "error"
	if g.State == eval.Inconclusive {
		level = "warning"
	}
	return fmt.Sprintf("::%s title=%s::%s", level, property("ewtune "+g.Gate+": "+g.State), message(g.Subject+": "+g.Why))
}

// message and property escape as GitHub's toolkit does.
func message(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(message(s))
}
