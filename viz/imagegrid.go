package viz

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"strconv"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ImageGrid draws small images in rows, every pixel a sharp square. Its units are the columns and rows.
type ImageGrid struct {
	Images       []image.Image // row by row; nil leaves a place empty
	Columns      int           // 0 means one for each column label, or 10 without
	RowLabels    []string
	ColumnLabels []string
	Side         int // most pixels of the page from an image to the next; 0 means 46
}

// Plot draws the images, implementing plot.Plotter.
func (l ImageGrid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	rows, columns := l.dims()
	for k, img := range l.Images {
		if isNil(img) {
			continue
		}
		const gap = 0.03
		column, row := float64(k%columns), float64(rows-1-k/columns)
		r := snap(vg.Rectangle{
			Min: vg.Point{X: x(column + gap), Y: y(row + gap)},
			Max: vg.Point{X: x(column + 1 - gap), Y: y(row + 1 - gap)},
		})
		size := r.Size().Scale(sharpness(c))
		c.DrawImage(r, enlarge(img, int(size.X), int(size.Y)))
		c.SetLineStyle(draw.LineStyle{Color: hair, Width: 1})
		c.Stroke(r.Path())
	}
}

// enlarge returns the image at w by h pixels, each that of the nearest.
func enlarge(img image.Image, w, h int) image.Image {
	b := img.Bounds()
	large := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range h {
		for j := range w {
			large.Set(j, i, img.At(b.Min.X+j*b.Dx()/w, b.Min.Y+i*b.Dy()/h))
		}
	}
	return large
}

func (l ImageGrid) dims() (rows, columns int) {
	columns = l.Columns
	if columns == 0 {
		columns = len(l.ColumnLabels)
	}
	if columns == 0 {
		columns = min(10, len(l.Images))
	}
	return (len(l.Images) + columns - 1) / columns, columns
}

// DataRange returns one unit for each image, implementing plot.DataRanger.
func (l ImageGrid) DataRange() (xmin, xmax, ymin, ymax float64) {
	rows, columns := l.dims()
	return 0, float64(columns), 0, float64(rows)
}

func (l ImageGrid) shape(a *axes) {
	rows, _ := l.dims()
	a.tight, a.equal, a.bare, a.unit = true, true, true, vg.Length(cmp.Or(l.Side, 46))
	a.xticks, a.yticks = []plot.Tick{}, []plot.Tick{}
	for j, label := range l.ColumnLabels {
		a.xticks = append(a.xticks, plot.Tick{Value: float64(j) + 0.5, Label: label})
	}
	for i, label := range l.RowLabels {
		a.yticks = append(a.yticks, plot.Tick{Value: float64(rows-i) - 0.5, Label: label})
	}
}

func (l ImageGrid) check() error {
	if len(l.Images) == 0 {
		return fmt.Errorf("images: empty")
	}
	rows, columns := l.dims()
	if l.Side < 0 {
		return fmt.Errorf("side: %d pixels", l.Side)
	}
	if l.Columns < 0 || len(l.ColumnLabels) > columns || len(l.RowLabels) > rows {
		return fmt.Errorf("%d row and %d column labels for %d rows of %d images", len(l.RowLabels), len(l.ColumnLabels), rows, columns)
	}
	for k, img := range l.Images {
		if !isNil(img) && img.Bounds().Empty() {
			return fmt.Errorf("images[%d]: no pixels", k)
		}
	}
	for _, label := range append(l.RowLabels[:len(l.RowLabels):len(l.RowLabels)], l.ColumnLabels...) {
		if err := tickText.check(label); err != nil {
			return err
		}
	}
	return nil
}

// Gray returns the rows of pixels [n, s²] as square images of s by s. A value of white is drawn white and a value of black
// black, those between are grey, and NaN is red. It panics where the rows are no squares, or white is black.
func Gray(pixels *mat.Dense, white, black float64) []image.Image {
	n, d := pixels.Dims()
	side := int(math.Sqrt(float64(d)) + 0.5)
	if side*side != d {
		panic("viz: Gray: rows of " + strconv.Itoa(d) + " pixels are no squares")
	}
	if !(white < black || black < white) {
		panic("viz: Gray: white is black")
	}
	images := make([]image.Image, n)
	for i := range n {
		img := image.NewNRGBA(image.Rect(0, 0, side, side))
		for k, v := range pixels.RawRowView(i) {
			c := Series2.Color()
			if !math.IsNaN(v) {
				t := min(1, max(0, (v-white)/(black-white)))
				c = rgb(0x010101 * uint32(255-230*t))
			}
			img.SetNRGBA(k%side, k/side, c)
		}
		images[i] = img
	}
	return images
}

// RGB returns pixels [height, width, 3], row by row, red first, as an image. It panics where they are no rows of the width.
func RGB(pixels []byte, width int) image.Image {
	if width < 1 || len(pixels)%(3*width) != 0 {
		panic("viz: RGB: " + strconv.Itoa(len(pixels)) + " bytes are no rows of " + strconv.Itoa(width) + " pixels")
	}
	img := image.NewNRGBA(image.Rect(0, 0, width, len(pixels)/3/width))
	for k := range len(pixels) / 3 {
		copy(img.Pix[4*k:], pixels[3*k:3*k+3])
		img.Pix[4*k+3] = 0xFF
	}
	return img
}
