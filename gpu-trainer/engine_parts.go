package trainer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// crowding is what an engine has learned of its device's memory.
type crowding struct {
	room    int                 // most tokens of a physical batch; 0: no limit is known
	holders map[programKey]bool // programs that hold memory
}

// inParts runs a program on a batch and hands each run to read, with its part of the batch and the place of the
// part's first example. There is one part unless the device has no room for it. Integer sums do not depend on where a
// batch is cut.
func (c *core[T]) inParts(kind programKind, b *model.Batch, clip dp.Clip, read func(p *program, part *model.Batch, first int) error) error {
	key := programKey{kind, b.Activations != nil}
	if key.suffix && c.options.Dropout {
		return fmt.Errorf("activations of a frozen prefix: not with dropout")
	}
	p, err := c.program(key)
	if err != nil {
		return err
	}
	for first := 0; first < b.Examples(); {
		part := b
		if first > 0 || c.crowded.room > 0 {
			part = b.Part(first, c.crowded.room)
		}
		c.crowded.holders[key] = true
		err := c.run(kind, p, part, clip)
		if errors.Is(err, machine.ErrMemory) {
			if err := c.makeRoom(part, err); err != nil {
				return err
			}
			continue
		}
		if err == nil {
			err = read(p, part, first)
		}
		if err != nil {
			return err
		}
		first += part.Examples()
	}
	return nil
}

// makeRoom is called where a run found no memory and changed nothing: first other programs give theirs back, then
// batches become smaller.
func (c *core[T]) makeRoom(part *model.Batch, cause error) error {
	alone := len(c.crowded.holders) == 1
	c.relieve()
	if !alone {
		return nil
	}
	if part.Examples() == 1 {
		return fmt.Errorf("one example of %d tokens: %w", part.Tokens(), cause)
	}
	c.crowded.room = (part.Tokens() + 1) / 2
	return nil
}

// relieve gives back the memory of all programs: what they hold between runs is worth nothing.
func (c *core[T]) relieve() {
	for _, p := range c.programs {
		p.Release()
	}
	clear(c.crowded.holders)
}

// notes tell the user what the engine had to do otherwise than it was told.
func (c *core[T]) notes() []string {
	if c.resident == nil {
		return nil
	}
	notes := slices.Clone(c.resident.device.Notes())
	if c.crowded.room > 0 {
		notes = append(notes, fmt.Sprintf("device %s: out of memory, so physical batches have at most about %d tokens instead of %d; the sums are the same",
			c.options.Device, c.crowded.room, c.options.MaxTokens))
	}
	return notes
}
