// Package machine runs Gorgonia graphs of the operations of package ops. It takes from Gorgonia the graph, the shapes
// and the derivatives, and does the rest itself: it keeps what the wanted nodes need (prune), puts it in an order
// (schedule), lets values whose lives do not overlap share memory (plan), and hands each operation to a Backend by
// name.
//
// A Program is one compiled graph; it implements gorgonia.VM. Its shapes are capacities: a run touches only the
// tokens and examples that its Feed brings, and the memory follows the largest run so far, so a steady state
// allocates nothing. Weights and accumulators live in buffers that the caller owns (Binding), so that several
// programs share them.
//
// Start with Compile.
package machine
