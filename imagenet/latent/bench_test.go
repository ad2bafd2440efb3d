package latent

import (
	"os"
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

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"420.jpg", "444.jpg"} {
		file, err := os.ReadFile("testdata/images/" + name)
		if err != nil {
			b.Fatal(err)
		}
		m, _ := DecodeImage(file)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := DecodeImage(file); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(m.Width*m.Height)/1e6/b.Elapsed().Seconds(), "Mpixels/s")
		})
	}
}
