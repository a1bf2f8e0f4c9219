package machine

// fuse lets a product add itself to what it would be added to: the sum of gradients that Backpropagate makes where a
// value has several users, with g W one of its terms, becomes one step that accumulates.
func fuse(steps []step, kept map[*Value]bool) []step {
	readers, maker := map[*Value]int{}, map[*Value]int{}
	for i, s := range steps {
		for _, v := range s.in {
			readers[v]++
		}
		for _, v := range s.out {
			maker[v] = i
		}
	}
	gone := map[int]bool{}
	for i, s := range steps {
		if s.kernel != "add" || s.in[0] == s.in[1] {
			continue
		}
		for k := 1; k >= 0; k-- {
			v := s.in[k]
			at, made := maker[v]
			if !made || steps[at].kernel != "linear.gradinput" || readers[v] != 1 || kept[v] {
				continue
			}
			gone[at] = true
			steps[i] = step{kernel: "linear.gradinput.add", in: append([]*Value{s.in[1-k]}, steps[at].in...), out: s.out, accumulates: true}
			break
		}
	}
	var left []step
	for i, s := range steps {
		if !gone[i] {
			left = append(left, s)
		}
	}
	return left
}
