// Package mutants holds one test: deliberate faults in the trainer, each of which a named test must see. It is a
// package of its own because it builds the trainer once for each fault.
package mutants
