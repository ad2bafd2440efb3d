// Package viz draws the laboratory's pictures: clouds, trajectories, velocities, potentials, couplings, curves, bars and
// image grids, side by side with aligned axes, still or moving, 600 px wide on a light ground.
//
// A figure is a value. Layers are stacked in a [Panel], panels stand in a [Row] or a [Grid], figures follow each other in an
// [Animation], and one call shows or keeps the whole:
//
//	viz.Show(viz.Row{
//		{Title: "start", Layers: viz.Layers{viz.Cloud{Points: y, Role: viz.Data}, viz.Cloud{Points: x0}}},
//		{Title: "end", Layers: viz.Layers{viz.Cloud{Points: y, Role: viz.Data}, viz.Cloud{Points: x1}}},
//	})
//
// Clouds are *mat.Dense [n, 2]. Every [Role] has one colour, in every figure, told apart by the colour-blind and in print.
// Layers are plotters of gonum.org/v1/plot, and any other plotter of that package can be a layer. Their methods Plot, DataRange
// and Thumbnail are there for that package to call: all that a figure needs is their fields.
package viz

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

// A Figure is a [Panel], a [Row], a [Grid] or an [Animation].
type Figure interface {
	// render returns the figure as a file of its format, and its size in logical pixels.
	render() (*rendering, error)
}

// A rendering is a figure as a file.
type rendering struct {
	format        string // png or gif
	data          []byte
	poster        []byte // of a gif, its last frame as png
	width, height int
}

// Show displays the figure as output of the notebook cell that runs: a still as PNG, sharp on screens of double density, an
// animation as GIF.
//
// The error tells which panel, layer and row hold what cannot be drawn: an empty cloud, a cloud that is not [n, 2], NaN, or
// a magnitude above 1e250, Inf included. Outside a GoNB notebook Show fails; there is [Save].
func Show(f Figure) error { return show(f, "") }

// show displays a figure, in the place of an earlier one that was displayed by the same name. Without a name it is in no one's place.
func show(f Figure, name string) error {
	if !gonbui.IsNotebook {
		return errors.New("viz: Show: no notebook here; use Save")
	}
	r, err := rendered(f)
	if err != nil {
		return err
	}
	m := r.display()
	m.DisplayID = name
	gonbui.SendData(m)
	gonbui.Sync() // what is still on its way when a cell's program ends would be lost
	return gonbui.Error()
}

// Save writes the figure to a file: a still to .png, an animation to .gif. The file appears whole or not at all; one that
// was there before stays until then. Errors are those of [Show] and of the file system.
func Save(path string, f Figure) error {
	r, err := rendered(f)
	if err != nil {
		return err
	}
	if ext := filepath.Ext(path); !strings.EqualFold(ext, "."+r.format) {
		return fmt.Errorf("viz: save %s: a %T is saved as .%s", path, f, r.format)
	}
	if err := atomicfile.WriteBytes(path, r.data); err != nil {
		return fmt.Errorf("viz: save %s: %w", path, err)
	}
	return nil
}

func rendered(f Figure) (*rendering, error) {
	if isNil(f) {
		return nil, errors.New("viz: no figure: nil")
	}
	r, err := f.render()
	if err != nil {
		return nil, fmt.Errorf("viz: %w", err)
	}
	return r, nil
}

// isNil tells whether v is nil or a nil pointer in an interface.
func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return v == nil || r.Kind() == reflect.Pointer && r.IsNil()
}

// display returns the message to the notebook. The size lets pages draw two pixels of the file in one of theirs.
func (r *rendering) display() *protocol.DisplayData {
	m := &protocol.DisplayData{
		Data:     map[protocol.MIMEType]any{protocol.MIMEImagePNG: r.data},
		Metadata: map[string]any{string(protocol.MIMEImagePNG): map[string]int{"width": r.width, "height": r.height}},
	}
	if r.format == "gif" { // which pages show, exported ones too, only within HTML
		m.Data[protocol.MIMEImagePNG] = r.poster
		m.Data[protocol.MIMETextHTML] = fmt.Sprintf(`<img alt="animation" width="%d" height="%d" src="data:image/gif;base64,%s">`,
			r.width, r.height, base64.StdEncoding.EncodeToString(r.data))
	}
	return m
}
