// Package cpu is the machine.Backend of the host's processor: it binds the operations of package ops, by name, to
// package kernels.
package cpu
