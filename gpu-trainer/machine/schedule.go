package machine

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
)

// needed lists the nodes that the wanted ones depend on, inputs before their users, depth first in the order of the
// wanted nodes.
func needed(wanted gorgonia.Nodes) gorgonia.Nodes {
	var order gorgonia.Nodes
	seen := map[*gorgonia.Node]bool{}
	var visit func(n *gorgonia.Node)
	visit = func(n *gorgonia.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, child := range ops.Children(n) {
			visit(child)
		}
		order = append(order, n)
	}
	for _, n := range wanted {
		visit(n)
	}
	return order
}

// schedule puts small outputs as soon as they are ready: what yields no rows of tokens takes hardly any memory and
// often is the last reader of something large (a norm, an update of an accumulator). Everything else keeps the order
// of needed.
func schedule(order gorgonia.Nodes) gorgonia.Nodes {
	waiting := map[*gorgonia.Node]int{} // inputs that have not run
	users := map[*gorgonia.Node]gorgonia.Nodes{}
	for _, n := range order {
		children := ops.Children(n)
		waiting[n] = len(children)
		for _, child := range children {
			users[child] = append(users[child], n)
		}
	}
	var result gorgonia.Nodes
	done := map[*gorgonia.Node]bool{}
	var run func(n *gorgonia.Node)
	run = func(n *gorgonia.Node) {
		done[n] = true
		result = append(result, n)
		for _, user := range users[n] {
			if waiting[user]--; waiting[user] == 0 && !done[user] && small(user) {
				run(user)
			}
		}
	}
	for _, n := range order {
		if !done[n] {
			run(n)
		}
	}
	return result
}

// small tells that a node's rows are not tokens.
func small(n *gorgonia.Node) bool {
	r := ops.RowsOf(n)
	return r == ops.Fixed || r == ops.Examples
}

// kernelOf names the kernel of a node. Of Gorgonia's own operations only the sum is known, which Backpropagate adds
// where a value has several users.
func kernelOf(n *gorgonia.Node) (string, error) {
	switch op := n.Op().(type) {
	case *ops.Op:
		return op.Kernel(), nil
	default:
		if name := fmt.Sprint(op); name == "+ false" {
			return "add", nil
		}
		return "", fmt.Errorf("operation %v (%T): not one that this machine runs", op, op)
	}
}
