package latent

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/vae"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// f7Cache is the cache that the official code made of five small images.
type f7Cache struct {
	Config golden.Autoencoder `json:"vae_config"`
	Prefix string             `json:"vae_prefix"`
	Params []golden.Parameter `json:"vae_params"`
	Images map[string]struct {
		Name string
		H, W int
	}
	Noise string  `json:"posterior_noise"`
	Calls [][]any `json:"rng_calls"`
	Files map[string]struct {
		Type    string `json:"dtype"`
		Fortran bool   `json:"fortran_order"`
		Version []int  `json:"npy_version"`
		Header  string
		Bytes   int `json:"file_bytes"`
		golden.Tensor
	}
	Reader struct {
		Length     int
		Root, Note string
	}
}

func (c *f7Cache) autoencoder(t *testing.T, backend compute.Backend) *vae.Autoencoder {
	t.Helper()
	kinds := map[string]string{}
	for _, p := range c.Params {
		kinds[p.Name] = p.Kind
	}
	if err := c.Config.Check(); err != nil {
		t.Fatal(err)
	}
	config := vae.Config{Widths: c.Config.Widths, Layers: c.Config.Layers, Latent: c.Config.LatentChannels, Groups: c.Config.Groups}
	a, err := vae.New(backend, config, Size, func(p weights.Parameter) ([]float32, error) {
		values, err := golden.Weight(c.Prefix+p.Name, kinds[p.Name], p.Shape, 1)
		numbers := make([]float32, len(values))
		for i, v := range values {
			numbers[i] = float32(v)
		}
		return numbers, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestGoldenCache makes the cache of the official code again: headers, lengths, order of the rows and targets are equal,
// latents up to the rounding of the autoencoder.
func TestGoldenCache(t *testing.T) {
	var c f7Cache
	if err := golden.Decode(readF7(t).Cache, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Files) != 6 || len(c.Images) == 0 {
		t.Fatalf("%d files of %d images, want 6 of some", len(c.Files), len(c.Images))
	}
	root := t.TempDir()
	for name, m := range c.Images {
		picture := image.NewNRGBA(image.Rect(0, 0, m.W, m.H))
		for i, p := range goldenImage(m.Name, m.H, m.W).Pix {
			picture.Pix[i/3*4+i%3], picture.Pix[i/3*4+3] = p, 255
		}
		var file bytes.Buffer
		if err := png.Encode(&file, picture); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, filepath.FromSlash(name)), file.Bytes())
	}
	images := read(t, root)

	backend, line, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	encoder, onXLA := cheap, strings.HasPrefix(line, "XLA")
	if onXLA {
		autoencoder := c.autoencoder(t, backend)
		defer autoencoder.Finalize()
		encoder.Encode = autoencoder.Encode
	} else {
		t.Logf("on %s the autoencoder takes a minute: only headers, lengths, order and targets are compared", line)
	}

	// The official code draws the noise of a batch [B, 4, 32, 32] at once, by one name for all batches.
	const batch = 4
	name := c.Calls[0][0].(string)
	noise := func(_ Split, index int, noise []float32) {
		for k := range noise {
			channel, place := k%Channels, k/Channels
			noise[k] = float32(golden.Normal(name, uint64(index%batch*numbers+channel*Side*Side+place)))
		}
	}
	cache := t.TempDir()
	if err := Prepare(t.Context(), cache, images, encoder, &Settings{Noise: noise}); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range c.Files {
		file, err := os.ReadFile(filepath.Join(cache, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if head := fmt.Sprintf("\x93NUMPY%c%c%c%c%s", want.Version[0], want.Version[1], len(want.Header)%256, len(want.Header)/256, want.Header); !bytes.HasPrefix(file, []byte(head)) {
			t.Errorf("%s: header %q, want %q", name, file[:headerSize], head)
		}
		if len(file) != want.Bytes {
			t.Errorf("%s: %d bytes, want %d", name, len(file), want.Bytes)
			continue
		}
		if !onXLA && want.Type != int64s {
			continue
		}
		split := Split(strings.Split(name, "_")[0])
		opened, err := Open(cache, split)
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Close()
		var got []float64
		latent := make([]float32, numbers)
		for i := range opened.Len() {
			switch {
			case strings.HasSuffix(name, "_targets.npy"):
				got = append(got, float64(opened.Label(i)))
				continue
			case strings.HasSuffix(name, "_moments_flip.npy"):
				err = opened.Read(i, 0.5, latent)
			default:
				err = opened.Read(i, 0, latent)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range latent {
				got = append(got, float64(v))
			}
		}
		difference, largest, err := want.Compare(got)
		// The official float32 run and this one round differently: 1e-5 of the largest entry, ten times what f5 records
		// between float32 and float64.
		if tolerance := 1e-5 * largest; err != nil || difference > tolerance || want.Type == int64s && difference > 0 {
			t.Errorf("%s: differs by %g, want at most %g: %v", name, difference, tolerance, err)
		} else {
			t.Logf("%s: differs by %.2g of %.3g", name, difference, largest)
		}
	}
	if opened, err := Open(cache, Train); err != nil || opened.Len() != c.Reader.Length {
		t.Errorf("the reader: %v, want %d images", err, c.Reader.Length)
	}
}
