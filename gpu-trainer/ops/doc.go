// Package ops declares the fused operations of an encoder as Gorgonia operations: a kernel's name with attributes,
// the shapes of what it yields, its symbolic derivative, and which input it may overwrite. It computes nothing:
// package machine orders a graph of these operations, gives them memory, and hands them to a backend by name.
//
// The leading dimension of every activation is a capacity; how many of its rows are present is told at run time
// (Rows). Tokens are packed, so no operation ever sees padding.
//
// A node that yields several values (the probabilities that attention keeps, the three gradients of its inputs) has
// the first as its own; Builder.Part names the others. Start with Builder.
package ops
