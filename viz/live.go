package viz

import "github.com/janpfeifer/gonb/gonbui"

// Live is a place in the output of the notebook cell that runs, where one figure follows another while the cell works. The zero
// value is such a place. The last figure stays in the notebook.
//
//	var live viz.Live
//	for step := range steps {
//		…
//		err := live.Show(figure)
//	}
type Live struct{ name string }

// Show puts a figure in the place of the one before. Errors are those of [Show].
func (l *Live) Show(f Figure) error {
	if l.name == "" && gonbui.IsNotebook {
		l.name = gonbui.UniqueId()
	}
	return show(f, l.name)
}
