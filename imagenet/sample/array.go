package sample

import (
	"archive/zip"
	"bufio"
	"context"
	"io"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/npy"
)

// WriteArray makes images first … first+n−1 of the sequence and writes them as an .npz file, with one array arr_0, bytes
// [n, Side, Side, Channels], which evaluators of other projects read. It holds one batch in memory. Stopped, it leaves no file.
// If progress is not nil, it is told how many images are done.
func (p *Pictures) WriteArray(ctx context.Context, path string, first, n int, progress func(done, total int)) error {
	if err := p.check(first, n); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		buffered := bufio.NewWriterSize(w, 1<<20)
		archive := zip.NewWriter(buffered)
		array, err := archive.CreateHeader(&zip.FileHeader{Name: "arr_0.npy", Method: zip.Store}) // as numpy.savez stores it
		if err != nil {
			return err
		}
		header := npy.Header{Type: "|u1", Shape: []int{n, p.Decoder.Side, p.Decoder.Side, p.Decoder.Channels}}
		if _, err := array.Write(header.Encode()); err != nil {
			return err
		}
		err = p.each(ctx, span(first, n), n, progress, func(_ []int, images []byte) error {
			_, err := array.Write(images)
			return err
		})
		if err != nil {
			return err
		}
		if err := archive.Close(); err != nil {
			return err
		}
		return buffered.Flush()
	})
}
