package viz

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	fullWidth = 600 // of a figure, in logical pixels
	density   = 2   // device pixels in one, of stills
	outside   = 6   // around everything
	rowGap    = 12  // between rows
	above     = 5   // a frame
	narrow    = 40  // narrowest frame
	flattest  = 80  // frame of the plane
	tallest   = 340

	stillColors = 128
)

// A layout is a grid of cells with a place for each.
type layout struct {
	cells         [][]*cell
	width, height vg.Length
	keys          []key // in one legend above all panels; else every cell keeps its own
	legend        legend
	corner        vg.Point // of the legend, upper left
}

// arrange returns the layouts of the frames of an animation, or of one figure. All have the same places, axes and legends.
func arrange(frames ...Grid) ([]*layout, error) {
	if len(frames) == 0 {
		return nil, errors.New("an animation without frames")
	}
	layouts := make([]*layout, len(frames))
	for k, g := range frames {
		l, err := newLayout(g)
		if err == nil && k > 0 {
			err = layouts[0].join(l)
		}
		if err != nil && len(frames) > 1 {
			err = fmt.Errorf("frame %d: %w", k, err)
		}
		if err != nil {
			return nil, err
		}
		layouts[k] = l
	}
	if err := layouts[0].settle(); err != nil {
		return nil, err
	}
	for _, l := range layouts[1:] {
		l.follow(layouts[0])
	}
	return layouts, nil
}

func newLayout(g Grid) (*layout, error) {
	l := &layout{cells: make([][]*cell, len(g))}
	for i, row := range g {
		for j, p := range row {
			c, err := newCell(p)
			if err != nil {
				return nil, fmt.Errorf("row %d, panel %d (%s): %w", i, j, p.Title, err)
			}
			l.cells[i] = append(l.cells[i], c)
		}
	}
	if len(l.allCells()) == 0 {
		return nil, errors.New("a figure without panels")
	}
	return l, nil
}

func (l *layout) allCells() []*cell { return slices.Concat(l.cells...) }

// join makes room in l for all that other shows.
func (l *layout) join(other *layout) error {
	same := slices.EqualFunc(l.cells, other.cells, func(a, b []*cell) bool { return len(a) == len(b) })
	if !same {
		return errors.New("not the panels of the first frame")
	}
	others := other.allCells()
	for k, c := range l.allCells() {
		c.window = c.window.union(others[k].window)
		c.keys = merge(c.keys, others[k].keys)
		c.barred = c.barred || others[k].barred
	}
	return nil
}

// follow takes the places, axes and legends of first.
func (l *layout) follow(first *layout) {
	cells := l.cells
	*l = *first
	l.cells = cells
	leaders := first.allCells()
	for k, c := range l.allCells() {
		c.follow(leaders[k])
	}
}

// columns returns the cells by column.
func (l *layout) columns() [][]*cell {
	var columns [][]*cell
	for _, row := range l.cells {
		for j, c := range row {
			if j == len(columns) {
				columns = append(columns, nil)
			}
			columns[j] = append(columns[j], c)
		}
	}
	return columns
}

// settle decides ranges, sizes and places. The room for labels depends on the ticks and the ticks on the room: a second
// round settles it.
func (l *layout) settle() error {
	shared := nowhere
	for _, c := range l.allCells() {
		if c.shares() {
			shared = shared.union(c.window)
		}
	}
	for _, c := range l.allCells() {
		if c.shares() {
			if c.window = shared; shared == nowhere {
				return fmt.Errorf("panel %q: neither layers nor limits give a range", c.panel.Title)
			}
		}
	}
	for i, row := range l.cells {
		for j, c := range row {
			c.outerY = j == 0 || !c.repeatsY(row[j-1])
			c.outerX = i+1 == len(l.cells) || j >= len(l.cells[i+1]) || !c.repeatsX(l.cells[i+1][j])
		}
	}
	l.hoist()
	for range 2 {
		if err := l.place(); err != nil {
			return err
		}
	}
	return nil
}

// place gives every cell its frame.
func (l *layout) place() error {
	columns := l.columns()
	left, right, width := make([]vg.Length, len(columns)), make([]vg.Length, len(columns)), make([]vg.Length, len(columns))
	free := vg.Length(fullWidth - 2*outside)
	for j, column := range columns {
		for _, c := range column {
			left[j], right[j] = max(left[j], c.left()), max(right[j], c.right())
		}
		free -= left[j] + right[j]
	}
	for j := range columns {
		if width[j] = free / vg.Length(len(columns)); width[j] < narrow {
			return fmt.Errorf("no room for %d panels side by side", len(columns))
		}
	}

	height := make([]vg.Length, len(l.cells))
	for i, row := range l.cells {
		for j, c := range row {
			if c.axes.equal {
				height[i] = max(height[i], c.natural(width[j]))
			}
			if len(columns) > 1 && c.axes.plane { // no taller than wide: the neighbours would have to follow
				height[i] = min(height[i], width[j])
			}
		}
		if height[i] == 0 {
			height[i] = width[0] * 0.62
			if len(columns) == 1 {
				height[i] = width[0] * 0.42
			}
		}
	}

	var stretch []int // columns that can take what others leave
	for j, column := range columns {
		need := vg.Length(0)
		for i, row := range l.cells {
			if j < len(row) && row[j].axes.equal {
				need = max(need, min(width[j], max(flattest, height[i]/row[j].ratio())))
			}
		}
		if slices.ContainsFunc(column, func(c *cell) bool { return !c.axes.equal }) {
			stretch = append(stretch, j)
			continue
		}
		free -= need
		width[j] = need
	}
	for _, j := range stretch {
		width[j] = max(width[j], free/vg.Length(len(stretch)))
	}

	x := make([]vg.Length, len(columns))
	l.width = outside
	for j := range columns {
		x[j] = l.width + left[j]
		l.width = x[j] + width[j] + right[j]
	}
	l.width += outside

	y := vg.Length(outside) // downwards
	l.legend = newLegend(l.keys, l.width-2*outside)
	l.corner = vg.Point{X: max(outside, min(x[0], l.width-outside-l.legend.width())), Y: -y}
	if len(l.keys) > 0 {
		y += l.legend.height() + above
	}
	for i, row := range l.cells {
		top, bottom := vg.Length(0), vg.Length(0)
		for j, c := range row {
			top, bottom = max(top, c.top(width[j]+right[j])), max(bottom, c.bottom(left[j]+width[j]+right[j]))
		}
		for _, c := range row {
			c.head.height = top
		}
		y += top
		for j, c := range row {
			c.fit(vg.Rectangle{Min: vg.Point{X: x[j], Y: -y - height[i]}, Max: vg.Point{X: x[j] + width[j], Y: -y}})
		}
		y += height[i] + bottom + rowGap
	}
	l.height = round(y - rowGap + outside)
	l.width = round(l.width)
	l.corner.Y += l.height
	for _, c := range l.allCells() {
		c.frame = snap(c.frame.Add(vg.Point{Y: l.height}))
		if size := c.frame.Size(); min(size.X, size.Y) < 1 {
			return fmt.Errorf("panel %q: [%g, %g] by [%g, %g] with equal units leaves a frame without pixels",
				c.panel.Title, c.window.x0, c.window.x1, c.window.y0, c.window.y1)
		}
	}
	return nil
}

// hoist moves the legends above the figure where one of them serves all panels.
func (l *layout) hoist() {
	var all []key
	with, most := 0, 0
	for _, c := range l.allCells() {
		if len(c.keys) > 0 {
			with++
		}
		most = max(most, len(c.keys))
		all = merge(all, c.keys)
	}
	if with > 1 && len(all) == most {
		l.keys = all
		for _, c := range l.allCells() {
			c.keys = nil
		}
	}
}

// draw draws the figure with so many device pixels in a logical one.
func (l *layout) draw(density float64) (*image.RGBA, error) {
	b := newBoard(vg.Point{X: l.width, Y: l.height}, density, paper)
	l.legend.draw(draw.New(b), l.corner)
	for _, c := range l.allCells() {
		if err := c.draw(b); err != nil {
			return nil, fmt.Errorf("panel %q: %w", c.panel.Title, err)
		}
	}
	return b.Image().(*image.RGBA), nil
}

func (l *layout) still() (*rendering, error) {
	img, err := l.draw(density)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, newPalette(stillColors, img).reduce(img)); err != nil {
		return nil, err
	}
	return &rendering{"png", b.Bytes(), nil, int(l.width), int(l.height)}, nil
}

func round(x vg.Length) vg.Length { return vg.Length(int(x + 0.5)) }

func snap(r vg.Rectangle) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: round(r.Min.X), Y: round(r.Min.Y)}, Max: vg.Point{X: round(r.Max.X), Y: round(r.Max.Y)}}
}
