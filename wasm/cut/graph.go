package main

// A function as a graph. Go's code goes through a stack of values, but never leaves one there between two statements: so it
// is a list of expression trees, and its jumps, once the resume points are read as the places that they name, are edges
// between blocks. On this form the steps in promote.go, webs.go, sink.go and simplify.go work; emit.go writes it again.

// node is an expression: an instruction and its operands.
type node struct {
	op     byte
	value  int64  // constant; offset from the stack pointer of opFrame; offset of a load or store
	raw    []byte // operands of instructions with others: second codes, floating-point constants
	v      *variable
	spot   *spot     // call or address that moves
	callee *function // of opCall
	args   []*node
}

// opFrame stands for the stack pointer plus value.
const opFrame = 0xff

// variable is a local of the module to be: a register of Go's, or a word of the stack frame.
type variable struct {
	typ   byte // 0 for a word of the frame until its accesses are known
	index int  // number of the local, once it is chosen
}

// stmt is a statement: variables that are set, in the order in which the results come, and the expression. Stores and calls
// without results set none.
type stmt struct {
	dst  []*variable
	expr *node
}

// termKind says how a block ends.
type termKind uint8

const (
	termJump termKind = iota // to next[0]
	termCond                 // to next[0] where cond is not zero, else to next[1]
	termReturn
	termTrap
)

// basic is a basic block.
type basic struct {
	code []*stmt
	kind termKind
	cond *node
	vals []*node // of termReturn
	next []*basic

	// for emit.go
	order   int // in reverse postorder
	before  []*basic
	dom     *basic
	isMerge bool
	isLoop  bool
}

// graph is one function.
type graph struct {
	f      *function
	entry  *basic
	room   int // bytes from the stack pointer to the arguments: frame and return address
	outs   int // bytes of the largest arguments and results of what it calls
	blocks []*basic
	params []*variable
	words  words
	reach  map[int64]int64 // how many bytes an address in the frame gives access to

	reads  []int // bytes of each argument that are loaded
	writes []int // bytes of each result that are stored; 0 where that is not known

	resultTypes []byte
	done        bool // calls and returns hold what they pass
}
