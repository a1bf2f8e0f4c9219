package cpu

import "fmt"

// Rows are the integer sums of a table of which a lot touches few rows: those, in the order in which they came. The
// others are zero and take no memory.
type Rows struct {
	width int
	place []int32 // [rows of the table]: 1 + the place of the row among those held, 0 where it is not held
	held  []int32 // rows of the table
	data  []int64 // [held, width]
	all   []int64 // once spread: every row of the table, and none of the above is in use
	found []int32 // scratch: places
}

// NewRows are the sums of a table, all zero.
func NewRows(rows, width int) *Rows { return &Rows{width: width, place: make([]int32, rows)} }

// Spread makes the sums stand in all, the whole table, from now on.
func (r *Rows) Spread(all []int64) {
	r.CopyTo(all, 0)
	r.Clear()
	r.all, r.place, r.held, r.data, r.found = all, nil, nil, nil, nil
}

// At is where to add rows ids of the table: rows places of sums, equal where the ids are.
func (r *Rows) At(ids []int32) (places []int32, sums []int64) {
	if r.all != nil {
		return ids, r.all
	}
	r.found = append(r.found[:0], ids...)
	for t, id := range ids {
		if r.place[id] == 0 {
			r.held = append(r.held, id)
			r.place[id] = int32(len(r.held))
		}
		r.found[t] = r.place[id] - 1
	}
	if n := len(r.held) * r.width; n > cap(r.data) {
		r.data = append(make([]int64, 0, n+n/2), r.data...)
	}
	r.data = r.data[:len(r.held)*r.width]
	return r.found, r.data
}

// CopyTo writes numbers from, from+1, ... of the table over to.
func (r *Rows) CopyTo(to []int64, from int) {
	if r.all != nil {
		copy(to, r.all[from:])
		return
	}
	clear(to)
	for row := from / r.width; row*r.width < from+len(to); row++ {
		if place := int(r.place[row]); place > 0 {
			sums, at := r.data[(place-1)*r.width:place*r.width], row*r.width-from
			copy(to[max(at, 0):], sums[max(-at, 0):])
		}
	}
}

// Held is every sum that may not be zero.
func (r *Rows) Held() []int64 {
	if r.all != nil {
		return r.all
	}
	return r.data
}

// Clear zeroes the sums.
func (r *Rows) Clear() {
	clear(r.all)
	for _, id := range r.held {
		r.place[id] = 0
	}
	clear(r.data)
	r.held, r.data = r.held[:0], r.data[:0]
}

// Grow has nothing to do: rows come as they are touched.
func (r *Rows) Grow(int) error { return nil }

// Release forgets the sums.
func (r *Rows) Release() { r.Clear() }

// Read copies the first numbers of the table to dst, a []int64.
func (r *Rows) Read(dst any) error {
	to, ok := dst.([]int64)
	if !ok {
		return fmt.Errorf("read of %T: rows hold int64", dst)
	}
	r.CopyTo(to, 0)
	return nil
}

// Write is not possible: rows are added to where At says.
func (r *Rows) Write(src any) error {
	return fmt.Errorf("write of %T: the rows of a table are only added to", src)
}
