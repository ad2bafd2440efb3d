package latent

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

func BenchmarkCrop(b *testing.B) {
	for _, c := range []struct {
		name          string
		width, height int
	}{{"500x375", 500, 375}, {"1600x1200", 1600, 1200}} {
		m := noise("bench", c.height, c.width)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Crop(256)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// BenchmarkPhotograph reads a JPEG file of ImageNet's usual size, 500 × 375 in 4:2:0, and crops and mirrors it.
func BenchmarkPhotograph(b *testing.B) {
	scene, err := ReadImage("testdata/images/420.jpg")
	if err != nil {
		b.Fatal(err)
	}
	scene = scene.Resize(500, 375, Bicubic)
	picture := image.NewRGBA(image.Rect(0, 0, scene.Width, scene.Height))
	for i, p := range scene.Pix {
		picture.Pix[i/3*4+i%3] = p
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	read := func() {
		m, err := DecodeImage(file.Bytes())
		if err != nil {
			b.Fatal(err)
		}
		m.Crop(Size).Mirror()
	}
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if err := CheckImage(file.Bytes()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := DecodeImage(file.Bytes()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
	b.Run("one core", func(b *testing.B) {
		for b.Loop() {
			read()
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
	b.Run("all cores", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				read()
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
}
