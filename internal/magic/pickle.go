package magic

import "strings"

// Pickle is the kind of a pickle by itself. [Of] knows those of protocol 2 and newer by the mark that they begin with.
var Pickle = Kind{"a pickle by itself, perhaps of PyTorch", "if you trust it, load it and torch.save its tensors"}

// OldPyTorch is the kind of the files that torch.save wrote before version 1.6.
var OldPyTorch = Kind{"a PyTorch file from before version 1.6", resave}

// MayBePickle tells whether a file begins as pickles of protocols 0 and 1 do: with a dict, a list, or the name of a
// function. They have no mark, and a text may begin like them: ask only where no text is expected.
func MayBePickle(head []byte) bool {
	text := string(head)
	for _, binary := range []string{"}q", "}r", "]q", "]r"} {
		if strings.HasPrefix(text, binary) && len(text) > 2 {
			return true
		}
	}
	line, rest, ended := strings.Cut(text, "\n")
	switch {
	case !ended:
		return false
	case strings.HasPrefix(line, "(dp"), strings.HasPrefix(line, "(lp"), strings.HasPrefix(line, "(tp"):
		return true
	case len(line) > 1 && line[0] == 'c' && strings.Trim(line[1:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == "":
		name, _, ended := strings.Cut(rest, "\n")
		return ended && name != "" && !strings.ContainsAny(name, " \t,;")
	}
	return false
}
