package sample

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/generator"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/npy"
)

// flat is a network whose images [side, side, channels] have one grey level each, class/500 − 1, plus a little noise.
type flat struct {
	side, channels int
	noise          float64
}

func (f flat) Shape() generator.Shape {
	return generator.Shape{Side: f.side, Channels: f.channels, Noise: []int{f.side, f.side, f.channels}, Classes: 1000}
}
func (flat) Table() weights.Table { return echo{}.Table() }
func (flat) Initial(seed uint64) func(weights.Parameter) ([]float32, error) {
	return echo{}.Initial(seed)
}
func (f flat) Generate(scope *model.Scope, noise, labels, _, _ *graph.Node) *graph.Node {
	level := graph.AddScalar(graph.DivScalar(graph.ConvertDType(labels, noise.DType()), 500), -1)
	return graph.Add(graph.MulScalar(noise, f.noise), graph.Reshape(level, -1, 1, 1, 1))
}

func pictures(t *testing.T, n generator.Network, q Sequence) *Pictures {
	t.Helper()
	s, err := New(find(t), n, n.Initial(0), &Settings{Batch: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Finalize)
	return &Pictures{Sampler: s, Decoder: Pixels(n.Shape()), Sequence: q, Generator: "weights"}
}

// level returns the byte of a class of flat without noise: ((class/500 − 1) + 1)/2 · 255, rounded.
func level(class int) uint8 { return uint8(math.Round(float64(class) / 1000 * 255)) }

// The demo has 12 images in 3 rows of 4, filled row by row, as the table by hand has them.
func TestDemo(t *testing.T) {
	const side = 3
	p := pictures(t, flat{side, 3, 0}, Demo())
	grid, err := p.Grid(t.Context(), DemoColumns, 0, p.Sequence.Len(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := [3][4]int{
		{207, 829, 387, 386},
		{360, 817, 95, 927},
		{263, 698, 483, 88},
	}
	if size := grid.Bounds().Size(); size != image.Pt(4*side, 3*side) {
		t.Fatalf("the grid is %v, want %d × %d", size, 4*side, 3*side)
	}
	for y := range 3 * side {
		for x := range 4 * side {
			v := level(want[y/side][x/side])
			if got := color.NRGBAModel.Convert(grid.At(x, y)); got != (color.NRGBA{v, v, v, 255}) {
				t.Errorf("pixel %d, %d is %v, want the level %d of class %d", x, y, got, v, want[y/side][x/side])
			}
		}
	}
	if q := p.Sequence; q.Alpha != 3 || q.Seed != 42 || q.Temperature != 1 {
		t.Errorf("α %v, seed %d, temperature %v, want 3, 42 and 1", q.Alpha, q.Seed, q.Temperature)
	}
}

// A part of a sequence fills a grid from its first place, and what is left of the last row is white.
func TestGridOfPart(t *testing.T) {
	p := pictures(t, flat{2, 1, 0}, Sequence{Classes: []int{100, 200, 300, 400}, Each: 2, Alpha: 1, Temperature: 1})
	path := filepath.Join(t.TempDir(), "grid.png")
	if err := p.WriteGrid(t.Context(), path, 3, 3, 4, nil); err != nil {
		t.Fatal(err)
	}
	grid := decode(t, path).(*image.Gray)
	for k, want := range []uint8{level(200), level(300), level(300), level(400), 255, 255} { // images 3 to 6, and two free places
		if got := grid.GrayAt(k%3*2+1, k/3*2+1).Y; got != want {
			t.Errorf("place %d has the level %d, want %d", k, got, want)
		}
	}
	for _, c := range [][3]int{{0, 0, 4}, {3, 5, 4}, {3, -1, 4}, {3, 0, 0}} {
		if _, err := p.Grid(t.Context(), c[0], c[1], c[2], nil); err == nil {
			t.Errorf("%v: no error, want one", c)
		}
	}
}

func decode(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Values from −1 to 1 become levels: clipped, times 255, rounded to the nearest, a half to the even one.
func TestPixels(t *testing.T) {
	d := Pixels(generator.Shape{Side: 1, Channels: 1})
	at := func(levels float64) float32 { return float32(2*levels/255 - 1) }
	got, err := d.Decode(t.Context(), []float32{-1.5, -1, at(0.49), at(0.51), 0, at(254.4), at(254.6), 1, 7})
	if want := []byte{0, 0, 0, 1, 128, 254, 255, 255, 255}; err != nil || !slices.Equal(got, want) { // 127.5 is even at 128
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// files returns the contents of the files of a folder by name.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

// A folder that was stopped goes on where it was, parts that several processes make are one set, and both are the same bytes
// as in one go. Images are class-major, and a folder of something else is refused.
func TestFolder(t *testing.T) {
	q := Sequence{Classes: []int{7, 900, 450}, Each: 4, Alpha: 1, Temperature: 1, Seed: 1}
	p := pictures(t, flat{4, 3, 0.1}, q)
	whole, parts, stopped := t.TempDir(), filepath.Join(t.TempDir(), "new"), t.TempDir()
	var told []int
	if err := p.WriteFolder(t.Context(), whole, 0, 12, func(done, total int) { told = append(told, done, total) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, []int{0, 12, 5, 12, 10, 12, 12, 12}) {
		t.Errorf("progress %v, want 0, 5, 10 and 12 of 12", told)
	}
	want := files(t, whole)
	if len(want) != 13 {
		t.Errorf("%d files, want 12 images and %s", len(want), recordFile)
	}
	for i := range 12 {
		m, err := png.Decode(strings.NewReader(want[fmt.Sprintf("%05d.png", i)]))
		if err != nil {
			t.Fatal(err)
		}
		mean := 0.0
		for _, v := range m.(*image.RGBA).Pix {
			mean += float64(v) / 64
		}
		if class := []int{7, 900, 450}[i/4]; math.Abs(mean-(3*float64(level(class))+255)/4) > 15 {
			t.Errorf("image %d has the mean %v, want about that of class %d", i, mean, class)
		}
	}
	for _, r := range [][2]int{{9, 3}, {0, 2}, {2, 7}} {
		if err := p.WriteFolder(t.Context(), parts, r[0], r[1], nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	err := p.WriteFolder(ctx, stopped, 0, 12, func(done, _ int) {
		if done == 5 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || len(files(t, stopped)) != 6 {
		t.Errorf("%v, %d files, want that it stopped after 5 images", err, len(files(t, stopped)))
	}
	if err := os.Remove(filepath.Join(stopped, "00002.png")); err != nil {
		t.Fatal(err)
	}
	for _, torn := range []string{".00001.png.0123456789abcdef.tmp", ".00007.png.0123456789abcdef.tmp"} { // as a killed process leaves it
		if err := os.WriteFile(filepath.Join(stopped, torn), []byte("\x89PNG"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.Stat(filepath.Join(stopped, "00000.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.WriteFolder(t.Context(), stopped, 0, 12, nil); err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stat(filepath.Join(stopped, "00000.png")); err != nil || !os.SameFile(old, now) {
		t.Errorf("%v: the first image was made again, want it left as it was", err)
	}
	for _, folder := range []string{parts, stopped} {
		got := files(t, folder)
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s: %s differs from that made in one go", folder, name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d files, want %d", folder, len(got), len(want))
		}
	}
	for _, c := range []struct {
		change func(*Pictures)
		want   string
	}{
		{func(p *Pictures) { p.Generator = "others" }, "a generator with SHA-256 weights, not others"},
		{func(p *Pictures) { p.Decoder.SHA256 = "sd" }, "an autoencoder with SHA-256 , not sd"},
		{func(p *Pictures) { p.Sequence.Seed = 2 }, "the seed 1, not 2"},
		{func(p *Pictures) { p.Sequence.Alpha = 1.5 }, "α 1, not 1.5"},
		{func(p *Pictures) { p.Sequence.Temperature = 0.5 }, "the temperature 1, not 0.5"},
		{func(p *Pictures) { p.Sequence.Each = 5 }, "3 classes, 4 of each, and these are others"},
		{func(p *Pictures) { p.Sequence.Classes = []int{7, 450, 900} }, "3 classes, 4 of each, and these are others"},
	} {
		other := &Pictures{Sampler: p.Sampler, Decoder: p.Decoder, Sequence: p.Sequence, Generator: p.Generator}
		c.change(other)
		if err := other.WriteFolder(t.Context(), whole, 0, 12, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if got := files(t, whole); len(got) != len(want) || got[recordFile] != want[recordFile] {
		t.Error("a refusal changed the folder")
	}
	if err := os.Remove(filepath.Join(stopped, recordFile)); err != nil {
		t.Fatal(err)
	}
	if err := p.WriteFolder(t.Context(), stopped, 0, 12, nil); err == nil || !strings.Contains(err.Error(), "has images such as 00000.png and no samples.json") {
		t.Errorf("%v, want that nobody knows what the images are", err)
	}
}

// Names have five digits, and more where there are more images.
func TestName(t *testing.T) {
	for _, c := range []struct {
		each, i int
		want    string
	}{{1, 0, "00000.png"}, {50_000, 49_999, "49999.png"}, {100_000, 7, "00007.png"}, {100_001, 7, "000007.png"}} {
		if got := (Sequence{Classes: []int{0}, Each: c.each}).Name(c.i); got != c.want {
			t.Errorf("image %d of %d is %s, want %s", c.i, c.each, got, c.want)
		}
	}
}

// The array of an .npz file has the bytes of the folder's images. If it is stopped, no file is there.
func TestArray(t *testing.T) {
	q := Sequence{Classes: []int{7, 900}, Each: 6, Alpha: 1, Temperature: 1, Seed: 1}
	p := pictures(t, flat{4, 3, 0.1}, q)
	folder := t.TempDir()
	path := filepath.Join(folder, "a.npz")
	if err := p.WriteArray(t.Context(), path, 3, 8, nil); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != 1 || z.File[0].Name != "arr_0.npy" {
		t.Fatalf("%d files, want arr_0.npy alone", len(z.File))
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	array, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	h, begin, err := npy.Read(bytes.NewReader(array), int64(len(array)))
	if err != nil || h.Type != "|u1" || h.Fortran || !slices.Equal(h.Shape, []int{8, 4, 4, 3}) {
		t.Fatalf("%+v, %v, want bytes [8, 4, 4, 3] in C order", h, err)
	}
	images := filepath.Join(folder, "images")
	if err := p.WriteFolder(t.Context(), images, 3, 8, nil); err != nil {
		t.Fatal(err)
	}
	var want []byte
	for i := 3; i < 11; i++ {
		m := decode(t, filepath.Join(images, q.Name(i)))
		for k := range 16 {
			c := color.NRGBAModel.Convert(m.At(k%4, k/4)).(color.NRGBA)
			want = append(want, c.R, c.G, c.B)
		}
	}
	if !bytes.Equal(array[begin:], want) {
		t.Error("the array differs from the images of the folder")
	}
	ctx, stop := context.WithCancel(t.Context())
	never := filepath.Join(t.TempDir(), "b.npz")
	if err := p.WriteArray(ctx, never, 0, 12, func(done, _ int) {
		if done > 0 {
			stop()
		}
	}); !errors.Is(err, context.Canceled) || len(files(t, filepath.Dir(never))) != 0 {
		t.Errorf("%v, %d files, want that it stopped and left none", err, len(files(t, filepath.Dir(never))))
	}
}

// A decoder that gives other bytes than it should is named.
func TestDecoder(t *testing.T) {
	q := Sequence{Classes: []int{500}, Each: 2, Alpha: 1, Temperature: 1}
	for _, c := range []struct {
		change func(*Decoder)
		want   string
	}{
		{func(d *Decoder) { d.Side = 8 }, "the decoder returned 96 bytes for 2 images, want 8 × 8 × 3 each"},
		{func(d *Decoder) { d.Channels = 4 }, "images of 4 channels, want 1 or 3"},
		{func(d *Decoder) {
			d.Decode = func(context.Context, []float32) ([]byte, error) { return nil, errors.New("no memory") }
		}, "no memory"},
	} {
		p := pictures(t, flat{4, 3, 0}, q)
		c.change(&p.Decoder)
		if _, err := p.Grid(t.Context(), 2, 0, 2, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// Time makes as many batches as it says, and no more images are decoded than that.
func TestTime(t *testing.T) {
	p := pictures(t, flat{2, 1, 0}, Sequence{Classes: []int{1, 2}, Each: 1, Alpha: 1, Temperature: 1})
	decoded, decode := 0, p.Decoder.Decode
	p.Decoder.Decode = func(ctx context.Context, made []float32) ([]byte, error) {
		decoded += len(made) / 4
		return decode(ctx, made)
	}
	steps := 0
	r, err := p.Time(t.Context(), 2, 3, func(done, total int) {
		if steps++; done != steps || total != 10 {
			t.Errorf("%d of %d, want %d of 10", done, total, steps)
		}
	})
	if err != nil || steps != 10 || decoded != 5*5 || r.Batch != 5 || r.WarmUp != 2 || r.Repeats != 3 || !(r.Generated > 0) || !(r.Decoded > 0) {
		t.Errorf("%+v, %v, %d steps, %d images decoded, want 10 steps and 25 images", r, err, steps, decoded)
	}
}
