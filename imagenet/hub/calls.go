package hub

import (
	"errors"
	"fmt"
	"slices"
)

// call runs an operation that names a function or a class, or that calls one.
func (p *pickle) call(op byte) error {
	switch op {
	case 'c', 'i': // GLOBAL, INST
		module, err := p.line(maxName)
		if err != nil {
			return err
		}
		name, err := p.line(maxName)
		if err != nil {
			return err
		}
		if op == 'c' {
			return p.push(p.find(pythonName(module, name)))
		}
		arguments, err := p.popMark()
		if err != nil {
			return err
		}
		return p.apply(p.find(pythonName(module, name)), arguments)
	case 0x93: // STACK_GLOBAL
		names, err := p.pop(2)
		if err != nil {
			return err
		}
		module, ok := names[0].(string)
		name, ok2 := names[1].(string)
		if !ok || !ok2 || len(module) > maxName || len(name) > maxName {
			return errors.New("pickle: a function's name that is no text, or a long one")
		}
		return p.push(p.find(pythonName(module, name)))
	case 0x82, 0x83, 0x84: // EXT1, EXT2, EXT4
		b, err := p.next(1 << (op - 0x82))
		if err != nil {
			return err
		}
		return p.push(global(fmt.Sprintf("copyreg.extension_%x", b)))
	case 'R', 0x81, 0x92: // REDUCE, NEWOBJ, NEWOBJ_EX
		n := 2
		if op == 0x92 {
			n = 3
		}
		v, err := p.pop(n)
		if err != nil {
			return err
		}
		arguments, ok := v[1].(*list)
		if !ok {
			return errors.New("pickle: it calls something with what is no tuple")
		}
		return p.apply(v[0], append(slices.Clip(arguments.items), v[2:]...))
	case 'o': // OBJ
		v, err := p.popMark()
		if err != nil {
			return err
		}
		if len(v) == 0 {
			return errStack
		}
		return p.apply(v[0], v[1:])
	case 'b': // BUILD
		state, err := p.pop(1)
		if err != nil {
			return err
		}
		into, err := p.top()
		if o, ok := into.(*object); ok {
			o.state = append(o.state, state[0])
		}
		return err // attributes of an OrderedDict or a tensor are no part of it
	case 'P': // PERSID
		return errors.New("pickle: of protocol 0, in which PyTorch itself cannot find the numbers again: torch.save with pickle_protocol=2")
	case 'Q': // BINPERSID
		id, err := p.pop(1)
		if err != nil {
			return err
		}
		parts, ok := id[0].(*list)
		if !ok {
			return p.push(&object{class: "persistent_id", arguments: []any{id[0]}})
		}
		v, err := p.persistent(parts.items)
		if err != nil {
			return err
		}
		return p.push(v)
	}
	return errors.New("pickle: buffers outside of it") // NEXT_BUFFER, READONLY_BUFFER
}

// apply calls a function and pushes what it returns. For anything else it pushes an object that notes the call.
func (p *pickle) apply(callee any, arguments []any) error {
	arguments = slices.Clone(arguments)
	if f, ok := callee.(function); ok {
		v, err := f.call(arguments)
		if err != nil {
			return err
		}
		return p.push(v)
	}
	return p.push(&object{class: className(callee), arguments: arguments})
}
