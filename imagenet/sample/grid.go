package sample

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

// MostInGrid is how many images a grid may have: it is held in memory.
const MostInGrid = 4096

// Grid makes images first … first+n−1 of the sequence and puts them side by side, without gaps. Rows of so many columns are
// filled one after another; the last may have free places, which are white. If progress is not nil, it is told how many images
// are done.
func (p *Pictures) Grid(ctx context.Context, columns, first, n int, progress func(done, total int)) (image.Image, error) {
	if err := p.check(first, n); err != nil {
		return nil, err
	}
	if columns < 1 || n > MostInGrid {
		return nil, fmt.Errorf("sample: a grid of %d images in %d columns, want 1 to %d images and at least one column", n, columns, MostInGrid)
	}
	side, wide := p.Decoder.Side, min(columns, n)
	bounds := image.Rect(0, 0, wide*side, (n+columns-1)/columns*side)
	var grid draw.Image = image.NewNRGBA(bounds)
	if p.Decoder.Channels == 1 {
		grid = image.NewGray(bounds)
	}
	draw.Draw(grid, bounds, image.NewUniform(background), image.Point{}, draw.Src)
	err := p.each(ctx, span(first, n), n, progress, func(numbers []int, images []byte) error {
		for k, i := range numbers {
			at := image.Pt((i-first)%columns, (i-first)/columns).Mul(side)
			draw.Draw(grid, image.Rectangle{at, at.Add(image.Pt(side, side))}, p.Decoder.picture(part(images, k, len(numbers))), image.Point{}, draw.Src)
		}
		return nil
	})
	return grid, err
}

// WriteGrid writes a [Pictures.Grid] as a PNG file.
func (p *Pictures) WriteGrid(ctx context.Context, path string, columns, first, n int, progress func(done, total int)) error {
	grid, err := p.Grid(ctx, columns, first, n, progress)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, grid) })
}

// part returns image k of n.
func part(images []byte, k, n int) []byte {
	size := len(images) / n
	return images[k*size : (k+1)*size]
}
